"""Work in threads that is not left behind when its task is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

_Given = TypeVar("_Given")


async def to_its_end(work: Callable[..., _Given], *arguments: object) -> _Given:
    """Run in a thread, and be cancelled only when the thread has come to its end.

    What is not to be used by two threads at once, such as an index's writer, can be closed then.
    """
    running = asyncio.create_task(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
