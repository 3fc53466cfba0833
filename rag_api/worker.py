"""The `ingest worker` that serves uploads beside the API: started, started again, ended with it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rag_api.processes import end_process

logger = logging.getLogger(__name__)

# Not imported: the two programs know each other by name only. -P: a module that lies in the
# working folder is no part of the program.
COMMAND = (sys.executable, "-P", "-m", "ingest", "worker", "--low-priority", "--json")

_LONGEST_PAUSE_SECONDS = 60.0
_WELL_SECONDS = 60.0
"""A worker that lived so long was well: the next pause is a short one again."""
_STOP_SECONDS = 10.0
"""How long the batch in flight may take at the end; what is cut off is done again."""


@asynccontextmanager
async def running_worker(
    *, command: Sequence[str] = COMMAND, pause_seconds: float = 1.0
) -> AsyncIterator[None]:
    """Keep a worker running; it also ends when we are killed."""
    keeping = asyncio.create_task(_keep(command, pause_seconds))
    keeping.add_done_callback(_tell_fault)
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def _tell_fault(keeping: asyncio.Task[None]) -> None:
    if not keeping.cancelled() and (fault := keeping.exception()) is not None:
        logger.error("no ingest worker is kept any more", exc_info=fault)


async def _keep(command: Sequence[str], pause_seconds: float) -> None:
    pause = pause_seconds
    while True:
        started = time.monotonic()
        code = await _run(command)
        if time.monotonic() - started >= _WELL_SECONDS:
            pause = pause_seconds
        logger.warning(
            "the ingest worker ended (code %s); starting it again in %.0f s", code, pause
        )
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _run(command: Sequence[str]) -> int | str:
    """Run a worker to its end; when we are cancelled it ends first."""
    try:
        worker = await asyncio.create_subprocess_exec(
            *command,
            *("--parent", str(os.getpid())),
            stdin=DEVNULL,
            stdout=DEVNULL,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        return await worker.wait()
    finally:
        await end_process(worker, patience_seconds=_STOP_SECONDS)
