"""A host to what its robots.txt lets us fetch; each is asked once in a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from ingest.fetch.guard import Fetcher
from ingest.fetch.robots import ALL_ALLOWED, MOST_BYTES, Robots, read_robots
from ingest.fetch.spool import Spool, open_part
from ingest.fetch.web_urls import find_host
from rag_core.errors import DocumentError, FetchMissingError, FetchRefusedError


@dataclass(slots=True)
class Permissions:
    """What the hosts of one run say."""

    fetcher: Fetcher
    spool: Spool
    hosts: dict[str, Robots | DocumentError] = field(default_factory=dict)

    async def ask(self, url: str) -> Robots:
        """Give what the host of a URL says.

        Raises:
            DocumentError: it cannot be read now; then nothing of the host may be fetched.
        """
        host = find_host(url)
        if host not in self.hosts:
            self.hosts[host] = await self._read(host)
        said = self.hosts[host]
        if isinstance(said, DocumentError):
            raise said
        return said

    async def _read(self, host: str) -> Robots | DocumentError:
        try:
            robots = await self._fetch(f"{host}/robots.txt")
        except (FetchMissingError, FetchRefusedError):
            return ALL_ALLOWED
        except DocumentError as error:
            return error
        if robots.delay_seconds is not None:
            self.fetcher.courtesy.slow_down(host, robots.delay_seconds)
        return robots

    async def _fetch(self, url: str) -> Robots:
        with self.spool.place() as folder:
            path = folder / "robots.txt"
            with open_part(path) as file:
                await self.fetcher.fetch(url, file)
            return await asyncio.to_thread(_read_rules, path)


def _read_rules(path: Path) -> Robots:
    with path.open("rb") as file:
        return read_robots(file.read(MOST_BYTES))
