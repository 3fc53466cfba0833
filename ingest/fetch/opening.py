"""Settings to all that fetching stands on, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver

from ingest.fetch.found import Found
from ingest.fetch.guard import FetchLimits, open_fetcher
from ingest.fetch.live import LiveHashes
from ingest.fetch.permissions import Permissions
from ingest.fetch.scouting import Scout
from ingest.fetch.spool import open_spool
from ingest.fetch.web import Web
from ingest.reach import Reach
from rag_core.catalog.engine import open_catalog
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Journey:
    """For which collection something is fetched, from how far, and how."""

    settings: Settings
    collection: str
    reach: Reach
    limits: FetchLimits | None = None
    """Those of `reach` when not given."""
    resolver: AbstractResolver | None = None
    """Looks up names in place of the system."""


@asynccontextmanager
async def open_scout(journey: Journey, found: Found) -> AsyncIterator[Scout]:
    """Open the fetcher, a place for what it fetches, and the catalog that remembers it.

    Raises:
        ConfigurationError: there is no such place.
        CatalogUnavailableError: the database does not answer.
    """
    settings, reach = journey.settings, journey.reach
    limits = journey.limits or FetchLimits(interval_seconds=1 / reach.rate)
    with open_spool(settings.home) as spool:
        async with (
            open_catalog(settings.catalog_url) as catalog,
            open_fetcher(
                allow_private=reach.allow_private, limits=limits, resolver=journey.resolver
            ) as fetcher,
        ):
            yield Scout(
                web=Web(fetcher, spool, catalog),
                permissions=Permissions(fetcher, spool),
                live_hash=LiveHashes(catalog, journey.collection).find,
                found=found,
            )
