"""Files that failed, with the hash of their bytes: the same bytes need not fail again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select, text, update

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, storable

_table = tables.quarantine
_COLUMNS = (
    _table.c.source,
    _table.c.content_hash,
    _table.c.size_bytes,
    _table.c.error,
    _table.c.detail,
    _table.c.program,
    _table.c.metadata,
    _table.c.failures,
    _table.c.first_failed_at,
    _table.c.last_failed_at,
)
# As text for the same reason as `collections._ADD`. The same bytes fail once more; others begin
# to be counted anew.
_REMEMBER = text(
    "INSERT INTO quarantine (collection_id, source, content_hash, size_bytes, error, detail,"
    " program, metadata, failures, first_failed_at, last_failed_at)"
    " VALUES (:collection_id, :source, :content_hash, :size_bytes, :error, :detail,"
    " :program, :metadata, 1, :now, :now)"
    " ON CONFLICT (collection_id, source) DO UPDATE SET"
    " failures = CASE WHEN quarantine.content_hash = excluded.content_hash"
    " THEN quarantine.failures + 1 ELSE 1 END,"
    " first_failed_at = CASE WHEN quarantine.content_hash = excluded.content_hash"
    " THEN quarantine.first_failed_at ELSE excluded.first_failed_at END,"
    " content_hash = excluded.content_hash, size_bytes = excluded.size_bytes,"
    " error = excluded.error, detail = excluded.detail, program = excluded.program,"
    " metadata = excluded.metadata, last_failed_at = excluded.last_failed_at"
).bindparams(
    bindparam("metadata", type_=_table.c.metadata.type),
    bindparam("now", type_=tables.UtcTime),
)


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that failed with an error of its own."""

    source: str
    content_hash: bytes
    """SHA-256 of the bytes that failed."""
    size_bytes: int
    error: str
    """The error's class name."""
    detail: str
    """One sentence."""
    program: str
    """What it failed with: version, limits and whatever else decides whether a file can be read."""
    metadata: Mapping[str, str] | None
    """That it was to have; None when none was given."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that failed, as it was stored."""

    file: FailedFile
    failures: int
    """How often these bytes failed."""
    first_failed_at: datetime
    last_failed_at: datetime


async def remember_failure(catalog: Catalog, collection: Collection, failed: FailedFile) -> None:
    """Put a file into quarantine, in place of what is known of its source."""
    values = {
        "collection_id": collection.id,
        "source": storable(failed.source),
        "content_hash": failed.content_hash,
        "size_bytes": failed.size_bytes,
        "error": failed.error,
        "detail": storable(failed.detail),
        "program": failed.program,
        "metadata": None if failed.metadata is None else dict(failed.metadata),
        "now": datetime.now(UTC),
    }
    async with catalog.writing() as connection:
        await connection.execute(_REMEMBER, values)


async def list_quarantined(catalog: Catalog, collection: Collection) -> list[Quarantined]:
    """Read a collection's quarantine, by source, by code points."""
    query = (
        select(*_COLUMNS).where(_table.c.collection_id == collection.id).order_by(_table.c.source)
    )
    async with catalog.reading() as connection:
        return [
            Quarantined(FailedFile(*file), failures, first, last)
            for *file, failures, first, last in await connection.execute(query)
        ]


async def give_metadata(
    catalog: Catalog, collection: Collection, source: str, metadata: Mapping[str, str]
) -> None:
    """Say what a file in quarantine is to have when it is ingested."""
    change = (
        update(_table)
        .where(_table.c.collection_id == collection.id, _table.c.source == storable(source))
        .values(metadata=dict(metadata))
    )
    async with catalog.writing() as connection:
        await connection.execute(change)


async def forget_failures(catalog: Catalog, collection: Collection, sources: Sequence[str]) -> int:
    """Let these sources out of quarantine; returns how many were in it."""
    gone = delete(_table).where(
        _table.c.collection_id == collection.id, among(_table.c.source, sources)
    )
    async with catalog.writing() as connection:
        return (await connection.execute(gone)).rowcount
