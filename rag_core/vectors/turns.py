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
    while (lock := try_lock(path)) is None:  # noqa: ASYNC110 - the kernel tells no event of it
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(lock)
