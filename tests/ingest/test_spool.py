from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.spool import Spool, discard
from rag_core.errors import UnreadableDocumentError

DIE = """
import os, signal, sys
from pathlib import Path
from ingest.spool import Spool
spool = Spool(Path(sys.argv[1]))
spool.write("a.md", [b"left behind"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*.md"))


def test_a_file_has_its_name_until_it_is_discarded(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    path = spool.write("a.md", [b"one", b"two"])
    content = path.read_bytes()
    discard(path)

    assert (path.name, content, files(tmp_path)) == ("a.md", b"onetwo", [])


def test_two_files_may_have_the_same_name(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    assert spool.write("a.md", []) != spool.write("a.md", [])


def test_a_long_name_keeps_its_end(tmp_path: Path) -> None:
    path = Spool(tmp_path).write(f"{'ü' * 300}.md", [])

    assert path.suffix == ".md"


def test_nothing_is_left_when_the_spool_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write("a.md", [b"x"])

    del spool
    gc.collect()

    assert list(tmp_path.glob("run-*")) == []


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path) -> None:
    living = Spool(tmp_path)
    living.write("mine.md", [])
    subprocess.run([sys.executable, "-c", DIE, tmp_path], check=False)
    assert files(tmp_path) == ["a.md", "mine.md"]

    following = Spool(tmp_path)
    following.write("b.md", [])

    assert files(tmp_path) == ["b.md", "mine.md"]


def test_no_room_is_an_error_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")

    with pytest.raises(UnreadableDocumentError, match="cannot unpack it to"):
        Spool(tmp_path / "taken").write("a.md", [])


def test_a_file_whose_making_fails_is_not_left(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise UnreadableDocumentError("it is damaged")

    spool = Spool(tmp_path)
    with pytest.raises(UnreadableDocumentError, match="it is damaged"):
        spool.write("a.md", pieces())

    assert files(tmp_path) == []
