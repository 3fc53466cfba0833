"""Searches of the last minute: the same query over an unchanged collection is searched once.

Regenerated answers, example questions, several frontends of one conversation and a room full of
people who try the same question ask for what was found a moment ago.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass

from rag_core.query import Found

SECONDS = 60.0
"""Most of what may change a result is in its key; a mended Chroma and the new source of a renamed
document, which are not, wait so long."""
_MOST_PASSAGES = 4096
"""Kept in all, some 10 MB."""


@dataclass(slots=True)
class _Search:
    """One search, under way or done."""

    task: asyncio.Task[Found]
    expires: float
    passages: int = 1
    """Counted as one while it is under way."""


class RecentSearches:
    """What was found, by everything that it depends on; the oldest goes first."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._searches: dict[Hashable, _Search] = {}
        self._passages = 0

    async def find(
        self, key: Hashable, search: Callable[[], Coroutine[None, None, Found]]
    ) -> Found:
        """Give what a search with this key found or is about to find; else begin it.

        A search belongs to nobody: who stops waiting for it does not stop it for the others. A
        failure is raised for all who wait, and not kept.
        """
        now = asyncio.get_running_loop().time()
        recent = self._searches.get(key)
        if recent is None or recent.expires < now:
            recent = self._begin(key, search(), expires=now + self._seconds)
        return await asyncio.shield(recent.task)

    def _begin(
        self, key: Hashable, search: Coroutine[None, None, Found], *, expires: float
    ) -> _Search:
        self._drop(key)
        begun = _Search(asyncio.create_task(search), expires)
        self._searches[key] = begun
        self._passages += begun.passages
        begun.task.add_done_callback(lambda _: self._settle(key, begun))
        return begun

    def _settle(self, key: Hashable, search: _Search) -> None:
        failed = search.task.cancelled() or search.task.exception() is not None
        if self._searches.get(key) is not search:
            return
        if failed:
            self._drop(key)
            return
        more = len(search.task.result().passages)
        search.passages += more
        self._passages += more
        while self._passages > _MOST_PASSAGES:
            self._drop(next(iter(self._searches)))

    def _drop(self, key: Hashable) -> None:
        dropped = self._searches.pop(key, None)
        if dropped is not None:
            self._passages -= dropped.passages
