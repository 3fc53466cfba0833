"""A web URL that was named to the pages behind it: one page, a site to a depth, or a sitemap's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from yarl import URL

from ingest.fetch.found import Found
from ingest.fetch.scouting import Look, Scout
from ingest.fetch.sitemaps import Listed, Sitemap
from ingest.fetch.web import WebPage
from ingest.fetch.web_urls import normalise_url
from ingest.reach import Reach
from rag_core.errors import DocumentError, FetchRefusedError

_MOST_SITEMAPS = 500
_LINKS_A_PAGE = 100
"""On average, are looked at."""
_LISTS = (".xml", ".xml.gz")


@dataclass(slots=True)
class Site:
    """The search from one URL; `take` may be called once."""

    scout: Scout
    found: Found
    reach: Reach
    seen: set[str] = field(default_factory=set)
    """In normal form; each is dealt with once."""
    taken: int = 0
    lists: int = 0
    """Sitemaps of an index that were read."""

    async def take(self, url: str) -> None:
        """Find what is behind a normal URL; what fails is among what was found."""
        self.seen.add(url)
        if not self.reach.depth and not URL(url).path.endswith(_LISTS):
            self.found.add(url, WebPage(url, self.scout.web))
            return
        try:
            look = await self.scout.look(url)
            sitemap = await self.scout.read_list(look, most=self.reach.max_pages)
        except DocumentError as error:
            self.found.fail(url, error)
            return
        if sitemap is None:
            self._add(url, look)
            await self._follow(look)
        else:
            self.scout.forget(look)
            await self._take_list(url, sitemap)

    async def _follow(self, start: Look) -> None:
        """Take what links lead to, level by level; pages of the last level are not fetched yet."""
        self.taken += 1
        self.seen.add(start.fetch.url)
        scope = _Scope.around(start.fetch.url, any_path=self.reach.any_path)
        level = dict.fromkeys(start.fetch.links)
        for depth in range(1, self.reach.depth + 1):
            below: dict[str, None] = {}
            for url in level:
                if await self._objects(url, scope):
                    continue
                if depth == self.reach.depth:
                    self._take_unseen(url)
                else:
                    self._collect(await self._expand(url, scope), below)
            level = below

    async def _objects(self, url: str, scope: _Scope) -> bool:
        """Pass over a link, and count why, unless it is to be taken."""
        if url in self.seen:
            return True
        self.seen.add(url)
        reason = scope.object_to(url) or self._no_room() or await self.scout.object_to(url)
        if reason is not None:
            self.found.skip(reason)
        return reason is not None

    async def _expand(self, url: str, scope: _Scope) -> tuple[str, ...]:
        """Take a page and give its links."""
        self.taken += 1
        try:
            look = await self.scout.look(url)
        except DocumentError as error:
            self.found.fail(url, error)
            return ()
        name, reason = _name_page(url, look, scope, self.seen)
        if reason is None:
            self.seen.update((look.fetch.url, name))
            self._add(name, look)
        else:
            self.taken -= 1
            self.found.skip(reason)
            self.scout.forget(look)
        return look.fetch.links

    def _collect(self, links: Sequence[str], below: dict[str, None]) -> None:
        """Remember links for the next level, of which a hostile site may have any number."""
        new = [link for link in links if link not in self.seen and link not in below]
        room = max(0, _LINKS_A_PAGE * self.reach.max_pages - len(below))
        below.update(dict.fromkeys(new[:room]))
        self.found.skip("a link beyond those that are looked at (--max-pages)", len(new[room:]))

    def _add(self, name: str, look: Look) -> None:
        look.page.source = name
        self.found.add(name, look.page, look.fetch.size_bytes)

    def _take_unseen(self, url: str, listed: str | None = None) -> None:
        self.taken += 1
        self.found.add(url, WebPage(url, self.scout.web, listed=listed))

    def _no_room(self) -> str | None:
        most = self.reach.max_pages
        return None if self.taken < most else f"beyond the first {most:,} pages (--max-pages)"

    async def _take_list(self, at: str, sitemap: Sitemap) -> None:
        """Take the pages of a sitemap, or of those that an index lists, one after the other."""
        self.found.skip("beyond --max-pages of a sitemap", sitemap.left_out)
        for entry in sitemap.entries:
            target = self._read_entry(entry, at)
            if target is None:
                continue
            if not sitemap.is_index:
                await self._take_listed(target, entry.lastmod)
            elif self.lists < _MOST_SITEMAPS and self._no_room() is None:
                await self._look_at_list(target)
            else:
                self.found.skip("a sitemap beyond those that are read (--max-pages)")

    async def _look_at_list(self, url: str) -> None:
        """Take the pages of a sitemap that an index lists; what fails costs that sitemap."""
        self.lists += 1
        try:
            look = await self.scout.look(url)
            sitemap = await self.scout.read_list(look, most=self.reach.max_pages)
        except DocumentError as error:
            self.found.fail(url, error)
            return
        self.scout.forget(look)
        if sitemap is None or sitemap.is_index:
            reason = "it is no sitemap of pages, though an index lists it as one"
            self.found.fail(url, FetchRefusedError(reason))
        else:
            await self._take_list(url, sitemap)

    def _read_entry(self, entry: Listed, at: str) -> str | None:
        """Read where an entry of a sitemap leads; None when it is passed over."""
        try:
            target = normalise_url(entry.url, base=at)
        except FetchRefusedError:
            self.found.skip("an entry of a sitemap that is no web URL")
            return None
        if URL(target).host != URL(at).host:
            self.found.skip("an entry of a sitemap for another host")
            return None
        if target in self.seen:
            return None
        self.seen.add(target)
        return target

    async def _take_listed(self, url: str, lastmod: str | None) -> None:
        reason = self._no_room() or await self.scout.object_to(url)
        if reason is None:
            self._take_unseen(url, lastmod)
        else:
            self.found.skip(reason)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The part of a host that links are followed in."""

    host: str | None
    port: int | None
    """None is the default one, of http and of https."""
    path: str
    """What paths begin with."""

    @classmethod
    def around(cls, start: str, *, any_path: bool) -> _Scope:
        """The scope of a page: the folder that it is in, or that it names."""
        url = URL(start)
        folder, _, last = url.path.rpartition("/")
        inner = url.path if last and "." not in last else folder
        path = "/" if any_path else f"{inner.rstrip('/')}/"
        return cls(url.host, url.explicit_port, path)

    def object_to(self, url: str) -> str | None:
        """Say why a link leads out of it; None when it does not."""
        target = URL(url)
        if (target.host, target.explicit_port) != (self.host, self.port):
            return "a link to another host"
        if target.path.startswith(self.path) or f"{target.path}/" == self.path:
            return None
        return f"a link to outside of {self.path} (--any-path takes it)"


def _name_page(
    url: str, look: Look, scope: _Scope, seen: Collection[str]
) -> tuple[str, str | None]:
    """The name under which a page is taken, and why it is not, if it is another's double."""
    final, canonical = look.fetch.url, look.canonical or url
    if final not in (url, canonical) and final in seen:
        return url, "redirects to another page that is taken"
    if canonical == url or scope.object_to(canonical) is not None:
        return url, None
    if canonical != final and canonical in seen:
        return url, "names another page that is taken as its canonical one"
    return canonical, None
