"""A bound on the bytes that are under way: whoever would pass it waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """So many bytes at once; one who asks for more than all of them goes alone."""

    limit: int
    taken: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, amount: int) -> None:
        """Wait for room, in the order of asking: much is not kept waiting by many small ones."""
        async with self.turn:
            while self.taken and self.taken + amount > self.limit:
                self.freed.clear()
                await self.freed.wait()
            self.taken += amount

    def grow(self, amount: int) -> None:
        """Take more for what turned out larger; does not wait, but others do."""
        self.taken += amount

    def give_back(self, amount: int) -> None:
        """Let others have it."""
        self.taken -= amount
        self.freed.set()

    @asynccontextmanager
    async def holding(self, amount: int) -> AsyncIterator[None]:
        """Take it and give it back."""
        await self.take(amount)
        try:
            yield
        finally:
            self.give_back(amount)
