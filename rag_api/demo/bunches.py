"""Events as they come → bunches of them, so that a page is drawn some times a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

Item = TypeVar("Item")


async def in_bunches(
    items: AsyncGenerator[Item, None], *, seconds: float
) -> AsyncGenerator[list[Item], None]:
    """Give what has come at least this long after what was given before; closes the items.

    Raises:
        Exception: what the items raise, after those that came before.
    """
    waiting: asyncio.Queue[Item] = asyncio.Queue(maxsize=1000)
    reading = asyncio.create_task(_read(items, waiting))
    try:
        while not (reading.done() and waiting.empty()):
            getting = asyncio.create_task(waiting.get())
            await asyncio.wait({getting, reading}, return_when=asyncio.FIRST_COMPLETED)
            bunch = [getting.result()] if getting.done() else []
            getting.cancel()
            while not waiting.empty():
                bunch.append(waiting.get_nowait())
            if bunch:
                yield bunch
                await asyncio.sleep(seconds)
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(items: AsyncGenerator[Item, None], waiting: asyncio.Queue[Item]) -> None:
    async with aclosing(items):
        async for item in items:
            await waiting.put(item)
