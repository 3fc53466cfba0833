"""How widely HNSW has to look in a collection: the larger it is, the more of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

_ONE_IN = 1_000
"""Of so many vectors one is kept in view (decision 23)."""
_WIDEST = 5_000
_COUNTED_SECONDS = 60.0


class Beams:
    """Counts each collection once a minute."""

    def __init__(self, count: Callable[[str], Awaitable[int]]) -> None:
        self._count = count
        self._counted: dict[str, tuple[float, int]] = {}

    async def find(self, name: str) -> int:
        """Tell how many to ask for at least: HNSW keeps as many in view as it is asked for."""
        at, vectors = self._counted.get(name, (-_COUNTED_SECONDS, 0))
        now = time.monotonic()
        if now - at >= _COUNTED_SECONDS:
            vectors = await self._count(name)
            self._counted[name] = now, vectors
        return min(vectors // _ONE_IN, _WIDEST)
