"""A host's name to a turn at it: few requests a second, few at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    """What is under way at one host."""

    free: asyncio.Semaphore
    interval_seconds: float
    """Between the beginnings of two requests."""
    next_at: float = 0.0
    """When the next request may begin, by the loop's clock."""


@dataclass(slots=True)
class Courtesy:
    """Keeps the requests to each host apart."""

    interval_seconds: float
    connections: int
    """To one host, at once."""
    _hosts: dict[str, _Host] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host and hold it."""
        state, loop = self._state(host), asyncio.get_running_loop()
        async with state.free:
            now = loop.time()
            begins = max(now, state.next_at)
            state.next_at = begins + state.interval_seconds
            await asyncio.sleep(begins - now)
            yield

    def slow_down(self, host: str, seconds: float) -> None:
        """Leave at least so much between two requests from now on."""
        state = self._state(host)
        state.interval_seconds = max(state.interval_seconds, seconds)

    def _state(self, host: str) -> _Host:
        if host not in self._hosts:
            free = asyncio.Semaphore(self.connections)
            self._hosts[host] = _Host(free, self.interval_seconds)
        return self._hosts[host]
