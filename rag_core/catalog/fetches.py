"""Fetches: what a server said of the bytes behind a source, and which bytes they were.

They belong to no collection: they tell whether a source has changed since somebody fetched it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, storable

_table = tables.fetches
# As text, since SQLAlchemy has ON CONFLICT for each database apart, and this suits both.
_NAMES = [column.name for column in _table.columns]
_SAVE = text(
    f"INSERT INTO fetches ({', '.join(_NAMES)})"  # noqa: S608 - our own column names
    f" VALUES ({', '.join(f':{name}' for name in _NAMES)}) ON CONFLICT (source) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])
).bindparams(
    bindparam("links", type_=tables.JsonTuple), bindparam("fetched_at", type_=tables.UtcTime)
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """One source as it was fetched last."""

    source: str
    url: str
    """Where it was in the end, after redirects."""
    etag: str | None
    last_modified: str | None
    listed: str | None
    """The version by which a list named it: a date in a sitemap, an object's ETag in a store."""
    content_hash: bytes
    """SHA-256 of the bytes."""
    size_bytes: int
    links: tuple[str, ...]
    """Of a page, to others; none when nobody looked for them."""
    fetched_at: datetime


async def find_fetches(catalog: Catalog, sources: Sequence[str]) -> dict[str, Fetch]:
    """Find what was fetched of these sources, any number, by source."""
    query = select(_table).where(among(_table.c.source, sources))
    async with catalog.reading() as connection:
        return {row.source: Fetch(*row) for row in await connection.execute(query)}


async def save_fetch(catalog: Catalog, fetch: Fetch) -> None:
    """Note a fetch in place of the one before."""
    values = asdict(fetch) | {"source": storable(fetch.source), "url": storable(fetch.url)}
    async with catalog.writing() as connection:
        await connection.execute(_SAVE, values)


async def prune_fetches(catalog: Catalog) -> int:
    """Forget those whose source is no live document anywhere; returns how many."""
    live = select(tables.documents.c.source).where(tables.is_live)
    forget = delete(_table).where(_table.c.source.not_in(live))
    async with catalog.writing() as connection:
        return (await connection.execute(forget)).rowcount
