from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag_api.worker import running_worker
from tests.servers import until

# Writes a line with its process id each time that it is started, then does the rest.
SAY = "import os, sys, time, signal; print(os.getpid(), file=open(sys.argv[1], 'a')); "


def command(log: Path, rest: str) -> Sequence[str]:
    return (sys.executable, "-c", SAY + rest, str(log))


def started(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_worker_that_ends_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "log"

    async with running_worker(command=command(log, "sys.exit(3)"), pause_seconds=0.01):
        await until(lambda: len(started(log)) == 3, most_seconds=20)

    assert "the ingest worker ended (code 3)" in caplog.text


async def test_a_worker_ends_with_us_in_good_order(tmp_path: Path) -> None:
    log, end = tmp_path / "log", tmp_path / "end"
    rest = f"signal.signal(15, lambda *_: (open({str(end)!r}, 'w'), sys.exit())); time.sleep(60)"

    async with running_worker(command=command(log, rest)):
        await until(lambda: started(log), most_seconds=20)
        await asyncio.sleep(0.2)

    assert not lives(started(log)[0])
    assert end.exists()


async def test_a_program_that_is_not_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with running_worker(command=("/nowhere/ingest",), pause_seconds=0.01):
        await until(lambda: "No such file" in caplog.text)


async def test_a_worker_is_told_whose_child_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    rest = "open(sys.argv[1] + '.parent', 'w').write(sys.argv[-1]); time.sleep(60)"

    async with running_worker(command=command(log, rest)):
        await until((tmp_path / "log.parent").exists, most_seconds=20)
        await asyncio.sleep(0.05)
        os.kill(started(log)[0], signal.SIGKILL)

    assert (tmp_path / "log.parent").read_text() == str(os.getpid())
