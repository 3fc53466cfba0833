"""Sources elsewhere to a plan; what fetches them stays open until all of it is ingested."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ingest.fetch.found import Found
from ingest.fetch.journey import Journey
from ingest.fetch.opening import Way, open_way
from ingest.fetch.site import Site
from ingest.fetch.web_urls import is_web_url, normalise_url, show_url
from rag_core.errors import DocumentError


@dataclass(slots=True)
class Remote:
    """What is elsewhere; use `open_remote`."""

    journey: Journey
    stack: AsyncExitStack
    found: Found
    _way: Way | None = None

    async def find(self, sources: Sequence[str]) -> Found:
        """Find what is behind URLs; a fault of one is in what is found, and the rest goes on.

        Raises:
            RagError: nothing could be begun.
        """
        for source in sources:
            try:
                await self._find(source)
            except DocumentError as error:
                self.found.fail(show_url(source), error)
        return self.found

    async def _find(self, source: str) -> None:
        url = normalise_url(source) if is_web_url(source) else None
        if self._way is None:
            opening = open_way(self.journey, self.found)
            self._way = await self.stack.enter_async_context(opening)
        if url is None:
            await self._way.depot.take(source)
        else:
            await Site(self._way.scout, self.found, self.journey.reach).take(url)


@asynccontextmanager
async def open_remote(journey: Journey) -> AsyncIterator[Remote]:
    """Be ready to fetch; nothing is opened before it is needed."""
    async with AsyncExitStack() as stack:
        yield Remote(journey, stack, Found(tell=journey.tell))
