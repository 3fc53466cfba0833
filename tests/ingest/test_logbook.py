from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.lines import LineFile
from ingest.logbook import Logbook, open_logbook
from ingest.outcome import Outcome

FAILED = Outcome("/a\n.pdf", "failed", "EmptyDocumentError", "it is\x1b[31m empty", seconds=0.25)
ADDED = Outcome("/b.pdf", "added", chunks=3, tokens=99, pages=2, warnings=("page 2 is a scan",))


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    """What the terminal shows: warnings only."""
    root, ours = logging.getLogger(), logging.getLogger("ingest")
    level, ours.level = ours.level, logging.WARNING
    handler = logging.StreamHandler(io.StringIO())
    root.addHandler(handler)
    yield handler.stream
    root.removeHandler(handler)
    ours.setLevel(level)


def read(home: Path) -> list[str]:
    (path,) = (home / "logs").iterdir()
    return path.read_text().splitlines()


def test_each_file_has_a_line_that_nothing_in_it_can_break(tmp_path: Path) -> None:
    with open_logbook(tmp_path) as logbook:
        logbook.tell(FAILED)
        logbook.tell(ADDED)

    first, second = (line.partition(" ")[2] for line in read(tmp_path))
    assert first == (r"ERROR failed: /a\n.pdf: EmptyDocumentError: it is\x1b[31m empty (0.250 s)")
    assert second == (
        "INFO added: /b.pdf: chunks: 3, tokens: 99, pages: 2 warning: page 2 is a scan;"
    )


def test_the_passwords_of_urls_stay_out(tmp_path: Path) -> None:
    with open_logbook(tmp_path) as logbook:
        logbook.write("INFO", "begin: add https://me:k3y@host/a.pdf a@b sftp://me@host/b")

    assert read(tmp_path)[0].endswith("begin: add https://…@host/a.pdf a@b sftp://…@host/b")


def test_records_go_into_the_log_and_the_terminal_shows_what_it_did(
    tmp_path: Path, terminal: io.StringIO
) -> None:
    logger = logging.getLogger("ingest.anything")

    with open_logbook(tmp_path):
        logger.info("trying again in %s s", 1)
        logger.warning("it takes long")
    logger.info("after the end")

    assert [line.split(" ", 1)[1] for line in read(tmp_path)] == [
        "INFO ingest.anything: trying again in 1 s",
        "WARNING ingest.anything: it takes long",
    ]
    assert terminal.getvalue() == "it takes long\n"
    assert logging.getLogger("ingest").level == logging.WARNING


def test_a_folder_that_takes_no_log_is_said_once(tmp_path: Path, terminal: io.StringIO) -> None:
    (tmp_path / "logs").touch()

    with open_logbook(tmp_path) as logbook:
        logbook.tell(FAILED)
        logbook.tell(ADDED)

    assert terminal.getvalue().count("no log file: ") == 1
    assert terminal.getvalue().endswith(": File exists\n")


def test_a_full_disk_is_said_once(terminal: io.StringIO) -> None:
    logbook = Logbook(LineFile(Path("/dev/full")))

    logbook.tell(FAILED)
    logbook.tell(ADDED)

    assert terminal.getvalue() == "no log file: /dev/full: No space left on device\n"


def test_ingests_at_once_have_a_log_each_and_the_oldest_go(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for number in range(30):
        (tmp_path / "logs" / f"ingest-20200101-0000{number:02}-1.log").touch()
    (tmp_path / "logs" / "mine.txt").touch()

    with open_logbook(tmp_path) as logbook:
        assert str(os.getpid()) in logbook.file.path.name

    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert len(names) == 20 + 1
    assert names[0] == "ingest-20200101-000011-1.log"
    assert names[-1] == "mine.txt"
