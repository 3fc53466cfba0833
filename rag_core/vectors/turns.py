"""One process of this machine at a time, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rag_core.locks import try_lock

_POLL_SECONDS = 0.05


@asynccontextmanager
async def in_turn(path: Path) -> AsyncIterator[None]:
    """Wait for the exclusive lock on a file, and hold it."""
    lock = try_lock(path)
    while lock is None:
        await asyncio.sleep(_POLL_SECONDS)
        lock = try_lock(path)
    try:
        yield
    finally:
        os.close(lock)
