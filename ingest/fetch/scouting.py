"""A URL to what is there, for who must know before it is ingested: its links, or a sitemap."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.fetch.found import Found
from ingest.fetch.names import object_to_link
from ingest.fetch.permissions import Permissions
from ingest.fetch.sitemaps import Sitemap, read_sitemap
from ingest.fetch.web import Visit, Web, WebPage
from ingest.fetch.web_urls import find_host
from rag_core.catalog.fetches import Fetch
from rag_core.errors import DocumentError, FetchFailedError


@dataclass(frozen=True, slots=True)
class Look:
    """What is at a URL, and the origin by which its bytes are had without another request."""

    page: WebPage
    fetch: Fetch
    canonical: str | None = None


@dataclass(slots=True)
class Scout:
    """Looks at pages on behalf of the planning."""

    web: Web
    permissions: Permissions
    live_hash: Callable[[str], Awaitable[bytes | None]]
    """The hash of a source's live document, if there is one."""
    found: Found

    async def look(self, url: str) -> Look:
        """Fetch a page, if it is not what is live already.

        Raises:
            DocumentError: it cannot be fetched.
        """
        self.found.tell_sometimes()
        unless = await self.live_hash(url)
        folder = self.web.spool.new_folder()
        try:
            visit = await self.web.visit(url, folder, unless=unless)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if visit is None:
            shutil.rmtree(folder, ignore_errors=True)
            known = await self.web.recall(url)
            if known is None:
                raise FetchFailedError("another run has changed it meanwhile")
            return Look(WebPage(url, self.web, same_as=unless), known)
        page = WebPage(url, self.web, kept=self._keep(visit))
        return Look(page, visit.fetch, visit.canonical)

    async def read_list(self, look: Look, *, most: int) -> Sitemap | None:
        """Read a page as a sitemap; None when it is none, or is not here.

        Raises:
            DocumentError: it is a damaged one.
        """
        if look.page.kept is None:
            return None
        return await asyncio.to_thread(read_sitemap, look.page.kept, most=most)

    def forget(self, look: Look) -> None:
        """Delete what is kept of a page that is not ingested."""
        if look.page.kept is not None:
            self.web.spool.drop(look.page.kept)
            look.page.kept = None

    async def object_to(self, url: str) -> str | None:
        """Say why a page that was found, not named, is not fetched; None when it is."""
        reason = object_to_link(url)
        if reason is not None:
            return reason
        try:
            robots = await self.permissions.ask(url)
        except DocumentError as error:
            self.found.fail(f"{find_host(url)}/robots.txt", error)
            return "robots.txt cannot be read, so that it may forbid it"
        return None if robots.allows(url) else "robots.txt forbids it"

    def _keep(self, visit: Visit) -> Path | None:
        kept = self.web.spool.keep(visit.path, visit.fetch.size_bytes)
        return visit.path if kept else None
