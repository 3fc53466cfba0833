"""Deletes what the catalog keeps and nobody needs, and gives its space back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog

_MIN_FREE_SHARE = 0.1
"""Below this a SQLite file is not written anew."""

_vectors = tables.vectors
_chunks = tables.chunks
_documents = tables.documents
_collections = tables.collections


@dataclass(frozen=True, slots=True)
class UnusedVectors:
    """Vectors of texts that no stored document has, live or not."""

    count: int
    size_bytes: int


async def count_unused(catalog: Catalog) -> UnusedVectors:
    """Count the vectors that no collection of their model uses."""
    count = size_bytes = 0
    async with catalog.reading() as connection:
        for model in await _models(connection):
            query = select(
                func.count(), func.coalesce(func.sum(func.length(_vectors.c.vector)), 0)
            ).where(_vectors.c.fingerprint == model, _vectors.c.hash.in_(unused_hashes(model)))
            row = (await connection.execute(query)).one()
            count, size_bytes = count + int(row[0]), size_bytes + int(row[1])
    return UnusedVectors(count, size_bytes)


async def delete_unused(catalog: Catalog) -> int:
    """Delete those vectors; returns how many.

    Documents that are stored at the same moment wait: none loses a vector that it was stored
    with. Whoever found a vector here and stores its document afterwards, finds out in
    `vectors.upkeep.publish`.
    """
    deleted = 0
    async with catalog.writing() as connection:
        await hold_chunks(connection)
        for model in await _models(connection):
            old = delete(_vectors).where(
                _vectors.c.fingerprint == model, _vectors.c.hash.in_(unused_hashes(model))
            )
            deleted += (await connection.execute(old)).rowcount
    return deleted


async def hold_chunks(connection: AsyncConnection) -> None:
    """Keep others from storing documents until the transaction's end; SQLite does by itself."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE chunks IN SHARE MODE"))


async def catalog_bytes(catalog: Catalog) -> int:
    """How much of the disk the catalog takes, without its write-ahead log."""
    async with catalog.reading() as connection:
        if connection.dialect.name == "postgresql":
            size = text("SELECT pg_database_size(current_database())")
            return int((await connection.execute(size)).scalar_one())
        return await _pragma(connection, "page_count") * await _pragma(connection, "page_size")


async def give_back_space(catalog: Catalog) -> None:
    """Shrink a SQLite file, if a tenth of it is free; let PostgreSQL use what is free again.

    A SQLite file is written anew: that takes as much free disk as it will have, and whoever writes
    waits meanwhile, while readers go on. May be killed at any moment.

    Raises:
        CatalogUnavailableError: the disk is full, or others write for too long.
    """
    async with catalog.reading() as connection:
        if connection.dialect.name == "postgresql":
            for table in (_documents, tables.texts, _chunks, _vectors, tables.changes):
                await connection.execute(text(f"VACUUM (ANALYZE) {table.name}"))
            return
        free = await _pragma(connection, "freelist_count")
        if free >= _MIN_FREE_SHARE * await _pragma(connection, "page_count") and free:
            await connection.exec_driver_sql("VACUUM")
        await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


async def _models(connection: AsyncConnection) -> list[str]:
    return list(await connection.scalars(select(_vectors.c.fingerprint).distinct()))


def unused_hashes(model: str) -> CompoundSelect[Any]:
    """Select the hashes of a model's vectors that no collection of it uses."""
    # Not with NOT EXISTS: no index is by this hash, and SQLite would walk all chunks each time.
    used = (
        select(_chunks.c.vector_hash)
        .join_from(_chunks, _documents)
        .join(_collections)
        .where(_collections.c.fingerprint == model)
    )
    return select(_vectors.c.hash).where(_vectors.c.fingerprint == model).except_(used)


async def _pragma(connection: AsyncConnection, name: str) -> int:
    return int((await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one())
