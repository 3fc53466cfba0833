"""Documents that are stored and that no reader sees: staged, imported in part, or dead."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import delete, select

from rag_core.catalog import tables
from rag_core.catalog.chunks import chunk_ids
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import batched

_BATCH_DOCUMENTS = 500

_documents = tables.documents


async def hidden_ids(catalog: Catalog, collection: Collection) -> list[str]:
    """List the documents that are stored and that no reader sees."""
    query = select(_documents.c.id).where(
        _documents.c.collection_id == collection.id, _documents.c.state != "live"
    )
    async with catalog.reading() as connection:
        return list(await connection.scalars(query))


async def hidden_chunks(catalog: Catalog, collection: Collection) -> AsyncIterator[list[str]]:
    """List their chunks, those of some hundred documents at a time."""
    for part in batched(await hidden_ids(catalog, collection), _BATCH_DOCUMENTS):
        yield await chunk_ids(catalog, part)


async def sources_in(catalog: Catalog, collection: Collection, state: str) -> dict[str, str]:
    """Name the documents that are stored in this state: their ids by source."""
    query = select(_documents.c.source, _documents.c.id).where(
        _documents.c.collection_id == collection.id, _documents.c.state == state
    )
    async with catalog.reading() as connection:
        return {row[0]: row[1] for row in await connection.execute(query)}


async def delete_in_state(catalog: Catalog, collection: Collection, state: str) -> int:
    """Delete documents in a state that no reader sees; returns how many there were."""
    old = delete(_documents).where(
        _documents.c.collection_id == collection.id, _documents.c.state == state
    )
    async with catalog.writing() as connection:
        return (await connection.execute(old)).rowcount
