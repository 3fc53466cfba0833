from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.fetch.spool import open_part, open_spool
from rag_core.errors import ConfigurationError, UnreadableDocumentError

_HOLDING = """
import sys, time
from pathlib import Path
from ingest.fetch.spool import open_spool

with open_spool(Path(sys.argv[1])) as spool, spool.place() as folder:
    (folder / "page.html").write_bytes(b"x")
    print(folder / "page.html", flush=True)
    time.sleep(60)
"""


def test_what_a_run_fetches_is_gone_when_it_ends(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool, spool.place() as folder:
        (folder / "a").write_bytes(b"x")

    assert [path.name for path in (tmp_path / "fetched").iterdir()] == ["lock"]


def test_a_run_beside_another_leaves_its_files_alone(tmp_path: Path) -> None:
    with open_spool(tmp_path) as first, first.place() as folder:
        (folder / "a").write_bytes(b"x")
        with open_spool(tmp_path):
            pass

        assert (folder / "a").read_bytes() == b"x"


def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path: Path) -> None:
    program = [sys.executable, "-c", _HOLDING, str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        left = Path(holding.stdout.readline().decode().strip())
        with open_spool(tmp_path):
            assert left.exists()
        holding.kill()

    with open_spool(tmp_path):
        assert not left.exists()


def test_no_more_is_kept_than_there_is_room_for(tmp_path: Path) -> None:
    with open_spool(tmp_path, most_bytes=10) as spool:
        first, second = (spool.new_folder() / name for name in ("a", "b"))
        first.write_bytes(b"12345678")
        second.write_bytes(b"123")

        assert spool.keep(first, 8)
        assert not spool.keep(second, 3)
        assert not second.exists()
        spool.drop(first)
        assert spool.keep(second, 3)


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "fetched").write_bytes(b"a file")

    with pytest.raises(ConfigurationError, match="RAG_HOME"), open_spool(tmp_path):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")  # noqa: PTH110
def test_a_full_disk_is_a_sentence() -> None:
    with (
        pytest.raises(UnreadableDocumentError, match="No space left"),
        open_part(Path("/dev/full")) as file,
    ):
        file.write(b"x")
