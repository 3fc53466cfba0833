"""Locks between processes of one machine, held by the kernel and so let go by a kill -9."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

_POLL_SECONDS = 0.05


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Take the lock on a file, which is made if need be; None when another holds it.

    Returns the file descriptor that holds the lock: close it to let go. A shared lock goes
    beside other shared ones, an exclusive one beside none. Child processes do not inherit it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on a file; waits, and blocks the thread, until it is free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def in_turn(path: Path) -> AsyncIterator[None]:
    """Wait for the exclusive lock on a file, and hold it; the event loop goes on meanwhile."""
    lock = try_lock(path)
    while lock is None:
        await asyncio.sleep(_POLL_SECONDS)
        lock = try_lock(path)
    try:
        yield
    finally:
        os.close(lock)
