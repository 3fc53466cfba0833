"""Settings to all that fetching stands on, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp.resolver import ThreadedResolver

from ingest.fetch.found import Found
from ingest.fetch.guard import FetchLimits, Guard, open_fetcher
from ingest.fetch.journey import Journey
from ingest.fetch.live import LiveHashes
from ingest.fetch.permissions import Permissions
from ingest.fetch.scouting import Scout
from ingest.fetch.spool import open_spool
from ingest.fetch.stores import Depot
from ingest.fetch.web import Web
from rag_core.catalog.engine import open_catalog


@dataclass(frozen=True, slots=True)
class Way:
    """The two ways to what is elsewhere."""

    scout: Scout
    depot: Depot


@asynccontextmanager
async def open_way(journey: Journey, found: Found) -> AsyncIterator[Way]:
    """Open the fetcher, a place for what it fetches, and the catalog that remembers it.

    Raises:
        ConfigurationError: there is no such place.
        CatalogUnavailableError: the database does not answer.
    """
    settings, reach = journey.settings, journey.reach
    limits = journey.limits or FetchLimits(interval_seconds=1 / reach.rate)
    resolver = journey.resolver or ThreadedResolver()
    guard = Guard(resolver, allow_private=reach.allow_private)
    with open_spool(settings.home) as spool:
        async with (
            open_catalog(settings.catalog_url) as catalog,
            open_fetcher(guard, limits) as fetcher,
        ):
            web = Web(fetcher, spool, catalog)
            scout = Scout(
                web=web,
                permissions=Permissions(fetcher, spool),
                live_hash=LiveHashes(catalog, journey.collection).find,
                found=found,
            )
            yield Way(scout, Depot(web, guard, limits, found))
