"""Chunks with what a search needs of them: their vectors, and their texts as passages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Executable, Text, bindparam, exists, func, select

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, as_json, batched
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

# Built once: building them anew for each search took longer than the search.
_LOAD = (
    select(*_PASSAGE)
    .join_from(_table, _documents)
    .join(tables.collections)
    .where(tables.row_state == "live", among(_table.c.id, bindparam("ids", type_=Text)))
)
_WITH_VECTORS = (
    select(_table.c.id, _vectors.c.vector)
    .join_from(_table, _documents)
    .join(_vectors, _vectors.c.hash == _table.c.vector_hash)
    .where(_vectors.c.fingerprint == bindparam("fingerprint"))
    .where(tables.row_collection_id == bindparam("collection_id"))
)
_FIND = _WITH_VECTORS.where(
    tables.row_state == "live", among(_table.c.id, bindparam("ids", type_=Text))
)
_FIND_OF_DOCUMENTS = _WITH_VECTORS.where(
    tables.row_state == "live", among(_table.c.document_id, bindparam("ids", type_=Text))
)


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A live chunk and its vector."""

    chunk_id: str
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


async def find_vectors(
    catalog: Catalog, collection: Collection, chunk_ids: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    """Read the vectors of those chunks that are live: their ids and one row of float32 for each.

    In no order; the rows are not to be written to.
    """
    return await _rows_with_vectors(catalog, collection, _FIND, chunk_ids)


async def document_vectors(
    catalog: Catalog, collection: Collection, document_ids: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    """Read the vectors of all chunks of those documents that are live, as `find_vectors` does."""
    return await _rows_with_vectors(catalog, collection, _FIND_OF_DOCUMENTS, document_ids)


async def _rows_with_vectors(
    catalog: Catalog, collection: Collection, statement: Executable, ids: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    rows = await catalog.rows(statement, _values(collection) | {"ids": as_json(ids)})
    joined = to_vector(b"".join(row[1] for row in rows))
    return [row[0] for row in rows], joined.reshape(len(rows), collection.dimension)


async def load_passage_rows(catalog: Catalog, chunk_ids: Sequence[str]) -> list[PassageRow]:
    """Read those chunks that are live, in the order of the ids."""
    rows = await catalog.rows(_LOAD, {"ids": as_json(chunk_ids)})
    found = {row[0]: PassageRow(*row) for row in rows}
    return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]


async def chunk_ids(catalog: Catalog, document_ids: Sequence[str]) -> list[str]:
    """List the chunks of these documents, whatever their state."""
    query = select(_table.c.id).where(among(_table.c.document_id, document_ids))
    async with catalog.reading() as connection:
        return list(await connection.scalars(query))


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
        for ids in batched(sorted(await chunk_ids(catalog, part)), batch):
            query = _WITH_VECTORS.where(among(_table.c.id, ids)).order_by(_table.c.id)
            async with catalog.reading() as connection:
                rows = (await connection.execute(query, _values(collection))).all()
            if rows:
                yield [row[0] for row in rows], np.stack([to_vector(row[1]) for row in rows])


async def lacking_vectors(
    catalog: Catalog, collection: Collection, document_ids: Sequence[str]
) -> list[str]:
    """List those of these documents that have a chunk without a vector."""
    found: list[str] = []
    has_vector = exists().where(
        _vectors.c.fingerprint == collection.fingerprint, _vectors.c.hash == _table.c.vector_hash
    )
    for part in batched(document_ids, _BATCH_DOCUMENTS):
        query = (
            select(_table.c.document_id)
            .where(among(_table.c.document_id, part), ~has_vector)
            .distinct()
        )
        async with catalog.reading() as connection:
            found += await connection.scalars(query)
    return found


async def live_vectors(
    catalog: Catalog, collection: Collection, *, batch: int = _BATCH_VECTORS
) -> AsyncIterator[tuple[list[str], np.ndarray]]:
    """Read what a new vector index must hold: the chunks that are live, or staged.

    Yields as `chunk_vectors` does. Each batch is read by itself, so that writers go on:
    `switch_vector_index` tells whether anything was changed in between.
    """
    query = select(_documents.c.id).where(
        _documents.c.collection_id == collection.id, _documents.c.state.in_(["live", "staged"])
    )
    async with catalog.reading() as connection:
        document_ids = sorted(await connection.scalars(query))
    async for found in chunk_vectors(catalog, collection, document_ids, batch=batch):
        yield found


async def count_live_chunks(catalog: Catalog, collection: Collection) -> int:
    """Count the chunks that readers see."""
    query = select(func.coalesce(func.sum(_documents.c.chunk_count), 0)).where(
        _documents.c.collection_id == collection.id, tables.is_live
    )
    async with catalog.reading() as connection:
        return int((await connection.execute(query)).scalar_one())


async def sample_live_chunk(catalog: Catalog, collection: Collection) -> FoundChunk | None:
    """Read any one live chunk and its vector; None when there is none."""
    query = (
        select(_table.c.id)
        .join_from(_table, _documents)
        .where(_documents.c.collection_id == collection.id, tables.is_live)
    )
    async with catalog.reading() as connection:
        chunk_id = (await connection.scalars(query.limit(1))).one_or_none()
    if chunk_id is None:
        return None
    found, matrix = await find_vectors(catalog, collection, [chunk_id])
    return FoundChunk(found[0], matrix[0]) if found else None


def _values(collection: Collection) -> dict[str, object]:
    """What `_WITH_VECTORS` takes."""
    return {"collection_id": collection.id, "fingerprint": collection.fingerprint}
