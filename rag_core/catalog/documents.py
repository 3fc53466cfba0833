"""Documents, one row a version: staged, then live, then dead, then gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.changes import ChangeKind, record_changes
from rag_core.catalog.collections import Collection, lock_collection, visible_name
from rag_core.catalog.engine import Catalog
from rag_core.catalog.feedback import forget_words
from rag_core.catalog.storable import BATCH, among, storable
from rag_core.catalog.versions import lock_versions, twin_ids
from rag_core.documents import Chunk, Document, chunk_id, hash_text, indexed_text
from rag_core.errors import DocumentNotFoundError, StaleVectorIndexError

_State = Literal["staged", "live", "dead"]
_Parameters = dict[str, object]

_table = tables.documents
_SUMMARY = (
    _table.c.id,
    tables.collections.c.name,
    _table.c.source,
    _table.c.title,
    _table.c.media_type,
    _table.c.size_bytes,
    _table.c.chunk_count,
    _table.c.token_count,
    _table.c.metadata,
    _table.c.content_hash,
    _table.c.created_at,
    _table.c.language,
)


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """A version that is about to be stored; its vectors are saved before it."""

    id: str
    document: Document
    chunks: tuple[Chunk, ...]
    content_hash: bytes
    """SHA-256 of the file."""
    size_bytes: int
    """Of the file."""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedDocuments:
    """What one call of `publish_documents` changed."""

    published: tuple[str, ...]
    """The ids that are live now."""
    replaced: tuple[str, ...]
    """The ids that are dead now, for a newer version of their source is live."""


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A live document without its text."""

    id: str
    collection: str
    source: str
    title: str
    media_type: str
    size_bytes: int
    chunks: int
    tokens: int
    metadata: Mapping[str, str]
    content_hash: bytes
    created_at: datetime
    language: str


async def stage_documents(
    catalog: Catalog,
    collection: Collection,
    staged: Sequence[StagedDocument],
    *,
    state: str = "staged",
) -> None:
    """Store versions that nobody sees until they are published: all of them or none.

    Those in another state than `staged` are published by nobody but who names that state.
    """
    now = datetime.now(UTC)
    async with catalog.writing() as connection:
        for table, rows in (
            (_table, (_document_row(collection, one, now) | {"state": state} for one in staged)),
            (tables.texts, (_text_row(one) for one in staged)),
            (tables.chunks, (row for one in staged for row in _chunk_rows(one))),
        ):
            while part := list(islice(rows, BATCH)):
                await connection.execute(insert(table), part)


def _document_row(collection: Collection, staged: StagedDocument, now: datetime) -> _Parameters:
    document = staged.document
    return {
        "id": staged.id,
        "collection_id": collection.id,
        "source": storable(document.source),
        "title": storable(document.title),
        "media_type": document.media_type,
        "content_hash": staged.content_hash,
        "size_bytes": staged.size_bytes,
        "metadata": {storable(name): storable(said) for name, said in staged.metadata.items()},
        "chunk_count": len(staged.chunks),
        "token_count": sum(chunk.tokens for chunk in staged.chunks),
        "created_at": now,
        "changed_at": now,
        "language": document.language,
    }


def _text_row(staged: StagedDocument) -> _Parameters:
    return {
        "document_id": staged.id,
        "page_starts": staged.document.page_starts,
        "text": storable(staged.document.text),
        "markup": staged.document.markup,
    }


def _chunk_rows(staged: StagedDocument) -> Iterator[_Parameters]:
    title = staged.document.title
    for position, chunk in enumerate(staged.chunks):
        yield {
            "id": chunk_id(staged.id, position),
            "document_id": staged.id,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading_path": chunk.heading_path,
            "tokens": chunk.tokens,
            "vector_hash": hash_text(indexed_text(title, chunk.heading_path, chunk.text)),
            "text": storable(chunk.text),
        }


async def publish_documents(
    catalog: Catalog, collection: Collection, ids: Sequence[str], *, state: str = "staged"
) -> PublishedDocuments:
    """Let readers see these versions, in place of the live ones of the same sources, at once.

    Of two versions of one source the later in `ids` wins, and whoever publishes later wins.
    Ids that are not staged any more are left alone: it may be called again.

    Raises:
        StaleVectorIndexError: the collection has another vector index than `collection` says;
            nothing was changed.
    """
    async with catalog.writing() as connection:
        locked = await lock_collection(connection, collection)
        if locked.vector_index != collection.vector_index:
            raise StaleVectorIndexError(
                f"collection {collection.name!r} has the vector index {locked.vector_index!r} "
                f"now, not {collection.vector_index!r}"
            )
        rows = await connection.execute(_sources(locked, ids, state))
        sources = {row.id: row.source for row in rows}
        staged = {one: sources[one] for one in ids if one in sources}
        newest = {source: document_id for document_id, source in staged.items()}
        live = list(newest.values())
        older = [one for one, source in staged.items() if newest[source] != one]
        replaced = _ids_in(locked, "live").where(
            tables.is_live, among(_table.c.source, list(newest))
        )
        dead = [*await connection.scalars(replaced), *older]
        await _move(connection, locked, dead=dead, live=live)
    return PublishedDocuments(tuple(live), tuple(dead))


async def remove_documents(catalog: Catalog, collection: Collection, ids: Sequence[str]) -> int:
    """Hide these documents, live or staged, in all versions at once; returns how many."""
    removed = 0
    async with catalog.writing() as connection:
        for locked in await lock_versions(connection, collection):
            twins = twin_ids(ids, collection, locked)
            await forget_words(connection, locked, twins)
            gone = list(await connection.scalars(_sources(locked, twins, "live", "staged")))
            await _move(connection, locked, dead=gone)
            removed += len(gone) if locked.id == collection.id else 0
    return removed


async def staged_ids(catalog: Catalog, collection: Collection) -> list[str]:
    """List the versions that were stored and not published, oldest first."""
    async with catalog.reading() as connection:
        return list(await connection.scalars(_ids_in(collection, "staged").order_by(_table.c.id)))


async def dead_ids(catalog: Catalog, collection: Collection) -> list[str]:
    """List the versions that were replaced or removed and are still stored, oldest first."""
    async with catalog.reading() as connection:
        return list(await connection.scalars(_ids_in(collection, "dead").order_by(_table.c.id)))


async def delete_dead(catalog: Catalog, ids: Sequence[str]) -> None:
    """Delete those of these versions that are dead, with their texts and chunks."""
    gone = delete(_table).where(among(_table.c.id, ids), _table.c.state == "dead")
    async with catalog.writing() as connection:
        await connection.execute(gone)


async def find_live(
    catalog: Catalog, collection: Collection, sources: Sequence[str]
) -> dict[str, DocumentSummary]:
    """Find the live documents of these sources, any number, by source."""
    named = {storable(source): source for source in sources}
    query = _live_in(collection).where(among(_table.c.source, list(named)))
    async with catalog.reading() as connection:
        rows = (await connection.execute(query)).all()
    return {named[row.source]: DocumentSummary(*row) for row in rows}


async def list_documents(
    catalog: Catalog, collection: Collection, *, limit: int, after: str | None = None
) -> list[DocumentSummary]:
    """Page through the live documents by source, by code points; `after` is the last source."""
    query = _live_in(collection).order_by(_table.c.source).limit(limit)
    if after is not None:
        query = query.where(_table.c.source > storable(after))
    async with catalog.reading() as connection:
        return [DocumentSummary(*row) for row in await connection.execute(query)]


async def get_document(
    catalog: Catalog, document_id: str
) -> tuple[DocumentSummary, str, tuple[int, ...]]:
    """Read a live document, its text, and where its pages begin in the text.

    Raises:
        DocumentNotFoundError: no live document has this id.
    """
    query = (
        select(*_SUMMARY, tables.texts.c.text, tables.texts.c.page_starts)
        .join_from(_table, tables.collections)
        .join(tables.texts, tables.texts.c.document_id == _table.c.id)
        .where(_table.c.id == storable(document_id), tables.is_live)
    )
    async with catalog.reading() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise DocumentNotFoundError(document_id)
    *summary, text, page_starts = row
    found = DocumentSummary(*summary)
    return replace(found, collection=visible_name(found.collection)), text, page_starts


def _live_in(collection: Collection) -> Select[*tuple[Any, ...]]:
    return (
        select(*_SUMMARY)
        .join_from(_table, tables.collections)
        .where(_table.c.collection_id == collection.id, tables.is_live)
    )


def _ids_in(collection: Collection, *states: _State) -> Select[str]:
    return select(_table.c.id).where(
        _table.c.collection_id == collection.id, _table.c.state.in_(states)
    )


def _sources(collection: Collection, ids: Sequence[str], *states: str) -> Select[str, str]:
    """Select id and source of those of these documents that are in one of the states."""
    return select(_table.c.id, _table.c.source).where(
        among(_table.c.id, ids),
        tables.row_collection_id == collection.id,
        tables.row_state.in_(states),
    )


async def _move(
    connection: AsyncConnection,
    locked: Collection,
    *,
    dead: Sequence[str],
    live: Sequence[str] = (),
) -> None:
    """Change states and say so in the feed: first what dies, for a source has one live version."""
    now = datetime.now(UTC)
    moved: list[tuple[str, ChangeKind]] = []
    steps: tuple[tuple[ChangeKind, Sequence[str]], ...] = (("dead", dead), ("live", live))
    for state, ids in steps:
        change = update(_table).where(among(_table.c.id, ids))
        await connection.execute(change.values(state=state, changed_at=now))
        moved += [(document_id, state) for document_id in ids]
    await record_changes(connection, locked, moved)
