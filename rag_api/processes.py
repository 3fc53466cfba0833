"""How a child process of the API is ended, and what it is given of our environment."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from contextlib import suppress

_PASSED_ON = frozenset(
    {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV"}
)


def bare_environment() -> dict[str, str]:
    """What any program needs of our environment; keys of models and databases are not in it."""
    return {name: os.environ[name] for name in _PASSED_ON & os.environ.keys()}


async def end_process(process: Process, *, patience_seconds: float) -> None:
    """Ask it to end, kill it when it has not in that time, and wait for it."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(patience_seconds):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
