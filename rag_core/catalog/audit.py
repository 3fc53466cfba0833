"""Live documents with all that is stored of them, a batch at a time, to be checked or copied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import numpy as np
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.storable import among, batched
from rag_core.documents import Markup

_BATCH_DOCUMENTS = 200
_BATCH_CHUNKS = 2_000
_BATCH_BYTES = 32 << 20
"""Of the files; their texts are about as long."""
_VECTORS = 1_000

_documents = tables.documents
_chunks = tables.chunks
_vectors = tables.vectors


class Readable(Protocol):
    """A catalog as it is now, or a snapshot of one."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Connect to read."""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as its row has it."""

    id: str
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]
    tokens: int
    vector_hash: bytes
    text: str


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as its rows have it."""

    id: str
    source: str
    title: str
    media_type: str
    content_hash: bytes
    size_bytes: int
    metadata: Mapping[str, str]
    chunk_count: int
    token_count: int
    language: str
    text: str
    page_starts: tuple[int, ...]
    markup: Markup
    chunks: tuple[StoredChunk, ...]
    """In the order of their starts."""


@dataclass(frozen=True, slots=True)
class _Size:
    id: str
    chunks: int
    size_bytes: int


async def live_ids(catalog: Readable, collection: Collection) -> list[str]:
    """List the live documents, oldest first."""
    query = select(_documents.c.id).where(
        _documents.c.collection_id == collection.id, tables.is_live
    )
    async with catalog.reading() as connection:
        return sorted(await connection.scalars(query))


async def stored_documents(
    catalog: Readable, collection: Collection, *, without: Container[str] = ()
) -> AsyncIterator[list[StoredDocument]]:
    """Read the live documents in the order of their ids, some thousand chunks at a time.

    Those `without` are left out.
    """
    query = (
        select(_documents.c.id, _documents.c.chunk_count, _documents.c.size_bytes)
        .where(_documents.c.collection_id == collection.id, tables.is_live)
        .order_by(_documents.c.id)
    )
    async with catalog.reading() as connection:
        rows = await connection.execute(query)
        sizes = [_Size(*row) for row in rows if row.id not in without]
    for part in _parts(sizes):
        yield await _read(catalog, part)


async def stored_vectors(
    catalog: Readable, collection: Collection, hashes: Sequence[bytes]
) -> AsyncIterator[dict[bytes, bytes]]:
    """Read the collection's vectors of these texts as they are stored, at most 1,000 at a time."""
    for part in batched(hashes, _VECTORS):
        query = select(_vectors.c.hash, _vectors.c.vector).where(
            _vectors.c.fingerprint == collection.fingerprint, _vectors.c.hash.in_(part)
        )
        async with catalog.reading() as connection:
            yield {row[0]: row[1] for row in await connection.execute(query)}


def is_whole(stored: bytes, dimension: int) -> bool:
    """Whether a stored vector is one: of this dimension, of finite numbers."""
    if len(stored) != 4 * dimension:
        return False
    return bool(np.isfinite(np.frombuffer(stored, "<f4")).all())


def _parts(sizes: Sequence[_Size]) -> Iterator[list[str]]:
    """Put documents together until they are many, or large; a huge one stays by itself."""
    part: list[str] = []
    chunks = size_bytes = 0
    for one in sizes:
        full = chunks + one.chunks > _BATCH_CHUNKS or size_bytes + one.size_bytes > _BATCH_BYTES
        if part and (full or len(part) == _BATCH_DOCUMENTS):
            yield part
            part, chunks, size_bytes = [], 0, 0
        part.append(one.id)
        chunks, size_bytes = chunks + one.chunks, size_bytes + one.size_bytes
    if part:
        yield part


async def _read(catalog: Readable, ids: Sequence[str]) -> list[StoredDocument]:
    document_rows = (
        select(
            *(_documents.c[name] for name in StoredDocument.__slots__[:10]),
            func.coalesce(tables.texts.c.text, ""),
            func.coalesce(tables.texts.c.page_starts, literal((), tables.JsonTuple())),
            func.coalesce(tables.texts.c.markup, "markdown"),
        )
        .outerjoin_from(_documents, tables.texts)
        .where(among(_documents.c.id, ids), tables.row_state == "live")
        .order_by(_documents.c.id)
    )
    chunk_rows = (
        select(_chunks.c.document_id, *(_chunks.c[name] for name in StoredChunk.__slots__))
        .where(among(_chunks.c.document_id, ids))
        .order_by(_chunks.c.document_id, _chunks.c.start, _chunks.c.end)
    )
    async with catalog.reading() as connection:
        documents: Sequence[Sequence[Any]] = (await connection.execute(document_rows)).all()
        rows = (await connection.execute(chunk_rows)).all()
    chunks = {
        document_id: tuple(StoredChunk(*row[1:]) for row in group)
        for document_id, group in groupby(rows, key=lambda row: row[0])
    }
    return [StoredDocument(*[*row, chunks.get(row[0], ())]) for row in documents]
