from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ingest.plan import Plan
from ingest.stdin import receive
from rag_core.errors import InvalidRequestError

EMPTY = Plan((), {}, ())


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


async def test_what_comes_is_a_file_of_the_name_given(
    pipe: tuple[int, int], tmp_path: Path
) -> None:
    os.write(pipe[1], b"# Notes\n")
    os.dup2(os.open(os.devnull, os.O_WRONLY), pipe[1])  # the end of it

    plan = await receive(EMPTY, pipe[0], name="from/notes.md", home=tmp_path)

    (file,) = plan.files
    assert (file.source, file.size_bytes) == ("from/notes.md", 8)
    assert file.content_hash == hashlib.sha256(b"# Notes\n").digest()
    async with file.origin.local(unless=None) as path:
        assert (path.name, path.read_bytes()) == ("notes.md", b"# Notes\n")


async def test_who_stops_waiting_is_let_go(pipe: tuple[int, int], tmp_path: Path) -> None:
    waiting = asyncio.create_task(receive(EMPTY, pipe[0], name="a.md", home=tmp_path))
    await asyncio.sleep(0.05)

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("name", [None, "", "a\0b", "x" * 1001])
async def test_without_a_sound_name_nothing_is_read(name: str | None, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="--name"):
        await receive(EMPTY, -1, name=name, home=tmp_path)


async def test_closed_standard_input_is_said_to_be_closed(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="closed"):
        await receive(EMPTY, None, name="a.md", home=tmp_path)


async def test_an_input_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)

    plan = await receive(EMPTY, folder, name="a.md", home=tmp_path)

    os.close(folder)
    ((source, error),) = plan.faults
    assert (source, str(error)) == ("a.md", "cannot read standard input: Is a directory")


async def test_a_missing_name_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="needs a name: --name"):
        await receive(EMPTY, -1, name=None, home=tmp_path)


def test_a_name_without_standard_input_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest", "add", tmp_path, "--name", "a.md", "--json"],
        env={**os.environ, "RAG_HOME": str(tmp_path / "home")},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 2
    assert "add '-' to the paths" in orjson.loads(done.stdout)["detail"]
