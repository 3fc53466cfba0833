"""The feed of changes to the live documents of a collection, for the indexes that follow it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, batched

_BATCH_DOCUMENTS = 64

ChangeKind = Literal["live", "dead"]

_table = tables.changes
_documents = tables.documents
_chunks = tables.chunks


@dataclass(frozen=True, slots=True)
class Change:
    """A document became live, or dead: it was replaced or removed, perhaps never live."""

    seq: int
    """From 1, without gaps in a collection; who has seen one has seen all below."""
    document_id: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What the lexical index needs of a chunk."""

    document_id: str
    chunk_id: str
    title: str
    heading_path: tuple[str, ...]
    text: str
    language: str
    """Of the document."""


async def read_changes(
    catalog: Catalog, collection_id: int, *, after: int, limit: int
) -> list[Change]:
    """Read the changes above a sequence number, in order, at most `limit`."""
    query = (
        select(_table.c.seq, _table.c.document_id, _table.c.kind)
        .where(_table.c.collection_id == collection_id, _table.c.seq > after)
        .order_by(_table.c.seq)
        .limit(limit)
    )
    async with catalog.reading() as connection:
        return [Change(*row) for row in await connection.execute(query)]


async def read_live(catalog: Catalog, collection_id: int) -> tuple[Change | None, list[str]]:
    """Read the newest change, and the documents that are live with it, all of one moment."""
    owner = tables.collections
    newest = (_table.c.collection_id == owner.c.id) & (_table.c.seq == owner.c.seq)
    live = (_documents.c.collection_id == owner.c.id) & tables.is_live
    query = (
        select(_table.c.seq, _table.c.document_id, _table.c.kind, _documents.c.id)
        .select_from(owner.outerjoin(_table, newest).outerjoin(_documents, live))
        .where(owner.c.id == collection_id)
        .order_by(_documents.c.id)
    )
    async with catalog.reading() as connection:
        rows = (await connection.execute(query)).all()
    if not rows or rows[0].seq is None:
        return None, []
    return Change(*rows[0][:3]), [row.id for row in rows if row.id is not None]


async def prune_changes(catalog: Catalog, collection: Collection, *, keep: int) -> int:
    """Delete all but the newest of the feed, at least one; returns how many were deleted.

    An index that had not followed so far is made anew from the live documents.
    """
    old = delete(_table).where(
        _table.c.collection_id == collection.id, _table.c.seq <= collection.seq - max(1, keep)
    )
    async with catalog.writing() as connection:
        return (await connection.execute(old)).rowcount


async def document_chunks(
    catalog: Catalog, document_ids: Sequence[str], *, batch: int = _BATCH_DOCUMENTS
) -> AsyncIterator[list[ChunkText]]:
    """Read the chunks of those documents that are live, `batch` documents at a time."""
    for part in batched(document_ids, batch):
        query = (
            select(
                _chunks.c.document_id,
                _chunks.c.id,
                _documents.c.title,
                _chunks.c.heading_path,
                _chunks.c.text,
                _documents.c.language,
            )
            .join_from(_chunks, _documents)
            .where(among(_chunks.c.document_id, part), tables.row_state == "live")
        )
        async with catalog.reading() as connection:
            rows = (await connection.execute(query)).all()
        yield [ChunkText(*row) for row in rows]


async def record_changes(
    connection: AsyncConnection, locked: Collection, changed: Sequence[tuple[str, ChangeKind]]
) -> None:
    """Append (document id, kind) to the feed; the transaction holds the collection's lock."""
    if not changed:
        return
    rows = [
        {"collection_id": locked.id, "seq": seq, "document_id": document_id, "kind": kind}
        for seq, (document_id, kind) in enumerate(changed, start=locked.seq + 1)
    ]
    await connection.execute(insert(_table), rows)
    await connection.execute(
        update(tables.collections)
        .where(tables.collections.c.id == locked.id)
        .values(seq=locked.seq + len(rows))
    )
