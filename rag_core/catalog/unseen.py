"""Documents that are stored and that no reader sees: staged, imported in part, or dead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update

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


async def give_up(catalog: Catalog, collection: Collection, state: str) -> int:
    """Let documents in a state that no reader sees be dead, to be swept; returns how many."""
    return await _bury(catalog, collection, _documents.c.state == state)


async def give_up_abandoned(catalog: Catalog, collection: Collection, age: timedelta) -> int:
    """Do the same with imports to which nothing was added for so long; returns how many."""
    abandoned = (
        select(_documents.c.state)
        .where(_documents.c.collection_id == collection.id, _documents.c.state.like("import:%"))
        .group_by(_documents.c.state)
        .having(func.max(_documents.c.created_at) < datetime.now(UTC) - age)
    )
    return await _bury(catalog, collection, _documents.c.state.in_(abandoned))


async def _bury(catalog: Catalog, collection: Collection, which: ColumnElement[bool]) -> int:
    # No change for the feed: they were never live. Chroma may have them: so they are not deleted.
    change = (
        update(_documents)
        .where(_documents.c.collection_id == collection.id, which)
        .values(state="dead", changed_at=datetime.now(UTC))
    )
    async with catalog.writing() as connection:
        return (await connection.execute(change)).rowcount
