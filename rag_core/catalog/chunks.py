"""Chunks with what a search needs of them: their vectors, and their texts as passages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, func, select

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import batched
from rag_core.catalog.vectors import to_vector

_BATCH_VECTORS = 1000
_BATCH_DOCUMENTS = 500

_table = tables.chunks
_documents = tables.documents
_vectors = tables.vectors
_PASSAGE = (
    _table.c.id,
    _table.c.document_id,
    tables.collections.c.name,
    _documents.c.source,
    _documents.c.title,
    _table.c.text,
    _table.c.start,
    _table.c.end,
    _table.c.page,
    _table.c.heading_path,
    _documents.c.metadata,
)


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A live chunk and its vector, for scoring."""

    chunk_id: str
    document_id: str
    vector: np.ndarray
    """float32, of unit length, not to be written to."""


@dataclass(frozen=True, slots=True)
class PassageRow:
    """All that is stored of a live chunk and its document, for a Passage."""

    chunk_id: str
    document_id: str
    collection: str
    source: str
    title: str
    text: str
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]
    metadata: Mapping[str, str]


async def find_chunks(
    catalog: Catalog, collection: Collection, chunk_ids: Sequence[str]
) -> list[FoundChunk]:
    """Read the vectors of those chunks that are live, in the order of the ids."""
    found: dict[str, FoundChunk] = {}
    async with catalog.reading() as connection:
        for part in batched(chunk_ids):
            query = _with_vectors(collection, "live").where(_table.c.id.in_(part))
            for chunk_id, document_id, stored in await connection.execute(query):
                found[chunk_id] = FoundChunk(chunk_id, document_id, to_vector(stored))
    return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]


async def load_passage_rows(catalog: Catalog, chunk_ids: Sequence[str]) -> list[PassageRow]:
    """Read those chunks that are live, in the order of the ids."""
    found: dict[str, PassageRow] = {}
    async with catalog.reading() as connection:
        for part in batched(chunk_ids):
            query = (
                select(*_PASSAGE)
                .join_from(_table, _documents)
                .join(tables.collections)
                .where(_table.c.id.in_(part), _documents.c.state == "live")
            )
            rows = await connection.execute(query)
            found.update((row[0], PassageRow(*row)) for row in rows)
    return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]


async def chunk_ids(catalog: Catalog, document_ids: Sequence[str]) -> list[str]:
    """List the chunks of these documents, whatever their state."""
    listed: list[str] = []
    async with catalog.reading() as connection:
        for part in batched(document_ids):
            query = select(_table.c.id).where(_table.c.document_id.in_(part))
            listed += await connection.scalars(query)
    return listed


async def chunk_vectors(
    catalog: Catalog,
    collection: Collection,
    document_ids: Sequence[str],
    *,
    batch: int = _BATCH_VECTORS,
) -> AsyncIterator[tuple[list[str], np.ndarray]]:
    """Read what the vector index must hold for these documents, whatever their state.

    Yields chunk ids and a matrix with one float32 row for each, at most `batch` at a time.
    """
    for part in batched(document_ids, _BATCH_DOCUMENTS):
        query = _with_vectors(collection).where(_table.c.document_id.in_(part))
        async for found in _pages(catalog, query, batch):
            yield found


async def live_vectors(
    catalog: Catalog, collection: Collection, *, batch: int = _BATCH_VECTORS
) -> AsyncIterator[tuple[list[str], np.ndarray]]:
    """Read what a new vector index must hold: the chunks that are live, or staged.

    Yields as `chunk_vectors` does. Each batch is read by itself, so that writers go on:
    `switch_vector_index` tells whether anything was changed in between.
    """
    async for found in _pages(catalog, _with_vectors(collection, "live", "staged"), batch):
        yield found


async def count_live_chunks(catalog: Catalog, collection: Collection) -> int:
    """Count the chunks that readers see."""
    query = select(func.coalesce(func.sum(_documents.c.chunk_count), 0)).where(
        _documents.c.collection_id == collection.id, _documents.c.state == "live"
    )
    async with catalog.reading() as connection:
        return int((await connection.execute(query)).scalar_one())


async def sample_live_chunk(catalog: Catalog, collection: Collection) -> FoundChunk | None:
    """Read any one live chunk and its vector; None when there is none."""
    async with catalog.reading() as connection:
        query = _with_vectors(collection, "live").limit(1)
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else FoundChunk(row[0], row[1], to_vector(row[2]))


def _with_vectors(collection: Collection, *states: str) -> Select[str, str, bytes]:
    """Select chunk id, document id and vector, of documents in these states, or in any."""
    query = (
        select(_table.c.id, _table.c.document_id, _vectors.c.vector)
        .join_from(_table, _documents)
        .join(_vectors, _has_vector(collection))
        .where(_documents.c.collection_id == collection.id)
    )
    return query.where(_documents.c.state.in_(states)) if states else query


def _has_vector(collection: Collection) -> ColumnElement[bool]:
    return and_(
        _vectors.c.fingerprint == collection.fingerprint, _vectors.c.hash == _table.c.vector_hash
    )


async def _pages(
    catalog: Catalog, query: Select[str, str, bytes], size: int
) -> AsyncIterator[tuple[list[str], np.ndarray]]:
    after = ""
    while True:
        page = query.where(_table.c.id > after).order_by(_table.c.id).limit(size)
        async with catalog.reading() as connection:
            rows = (await connection.execute(page)).all()
        if rows:
            yield [row[0] for row in rows], np.stack([to_vector(row[2]) for row in rows])
        if len(rows) < size:
            return
        after = rows[-1][0]
