"""A page of the web as an origin: its bytes, when they are needed and are not what we have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.fetch.answers import Fetched, Known
from ingest.fetch.guard import Fetcher
from ingest.fetch.links import PageLinks, read_links
from ingest.fetch.names import name_file
from ingest.fetch.sitemaps import is_settled
from ingest.fetch.spool import Spool, open_part
from rag_core.catalog.engine import Catalog
from rag_core.catalog.fetches import Fetch, find_fetches, save_fetch

_PAGES = ("text/html", "application/xhtml+xml")
_NO_LINKS = PageLinks((), None)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was fetched."""

    path: Path
    fetch: Fetch
    canonical: str | None
    """What the page says is its own URL."""


@dataclass(slots=True)
class Web:
    """What all fetching of one run shares."""

    fetcher: Fetcher
    spool: Spool
    catalog: Catalog

    async def visit(
        self, source: str, folder: Path, *, unless: bytes | None, listed: str | None = None
    ) -> Visit | None:
        """Fetch a page into a folder; None when it is the bytes of this hash, as it was before.

        Raises:
            DocumentError: it cannot be fetched.
        """
        known = await self.recall(source)
        if known is not None and known.content_hash != unless:
            known = None
        if known is not None and _is_settled(known, listed):
            return None
        path = folder / "part"
        with open_part(path) as file:
            fetched = await self.fetcher.fetch(source, file, _conditions(known))
        if fetched is not None:
            return await self._note(source, fetched, path, listed)
        if known is not None and listed is not None:
            known = replace(known, listed=listed, fetched_at=datetime.now(UTC))
            await save_fetch(self.catalog, known)
        return None

    async def recall(self, source: str) -> Fetch | None:
        """What was fetched of it before."""
        return (await find_fetches(self.catalog, [source])).get(source)

    async def _note(self, source: str, fetched: Fetched, path: Path, listed: str | None) -> Visit:
        named, found = await asyncio.to_thread(_look_at, path, fetched)
        fetch = Fetch(
            source=source,
            url=fetched.url,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            listed=listed,
            content_hash=fetched.content_hash,
            size_bytes=fetched.size_bytes,
            links=found.links,
            fetched_at=datetime.now(UTC),
        )
        await save_fetch(self.catalog, fetch)
        return Visit(named, fetch, found.canonical)


@dataclass(slots=True)
class WebPage:
    """A page, or a file, at a URL."""

    source: str
    web: Web
    listed: str | None = None
    """When it changed, as a sitemap says."""
    kept: Path | None = None
    """Its bytes, when they were fetched for its links; they are given once."""
    same_as: bytes | None = None
    """The hash of what it is now, when its server said so in this run."""

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path | None]:
        """Fetch it, unless it is known to be the same."""
        if self.kept is not None:
            path, self.kept = self.kept, None
            try:
                yield path
            finally:
                self.web.spool.drop(path)
        elif unless is not None and unless == self.same_as:
            yield None
        else:
            with self.web.spool.place() as folder:
                visit = await self.web.visit(self.source, folder, unless=unless, listed=self.listed)
                yield None if visit is None else visit.path


def _look_at(path: Path, fetched: Fetched) -> tuple[Path, PageLinks]:
    """Name a file by what it is, and find its links."""
    named = path.rename(path.with_name(name_file(fetched.url, fetched.media_type)))
    if fetched.media_type not in _PAGES:
        return named, _NO_LINKS
    return named, read_links(named, url=fetched.url)


def _is_settled(known: Fetch, listed: str | None) -> bool:
    """Tell whether a sitemap says that the page has not changed since we fetched it."""
    return (
        listed is not None
        and listed == known.listed
        and is_settled(listed, fetched_at=known.fetched_at)
    )


def _conditions(known: Fetch | None) -> Known | None:
    if known is None or (known.etag is None and known.last_modified is None):
        return None
    return Known(known.etag, known.last_modified)
