"""Sources elsewhere to a plan; what fetches them stays open until all of it is ingested."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from ingest.fetch.found import Found
from ingest.fetch.opening import Journey, open_scout
from ingest.fetch.scouting import Scout
from ingest.fetch.site import Site
from ingest.fetch.web_urls import is_web_url, normalise_url, show_url
from rag_core.errors import DocumentError, FetchRefusedError


@dataclass(slots=True)
class Remote:
    """What is elsewhere; use `open_remote`."""

    journey: Journey
    stack: AsyncExitStack
    found: Found = field(default_factory=Found)
    _scout: Scout | None = None

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
        if not is_web_url(source):
            raise FetchRefusedError(f"{show_url(source)!r}: no such scheme is fetched")
        url = normalise_url(source)
        if self._scout is None:
            opening = open_scout(self.journey, self.found)
            self._scout = await self.stack.enter_async_context(opening)
        await Site(self._scout, self.found, self.journey.reach).take(url)


@asynccontextmanager
async def open_remote(journey: Journey) -> AsyncIterator[Remote]:
    """Be ready to fetch; nothing is opened before it is needed."""
    async with AsyncExitStack() as stack:
        yield Remote(journey, stack)
