"""Moves live documents to other sources: their files were renamed, their texts are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.changes import record_changes
from rag_core.catalog.collections import Collection, lock_collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, storable

UNREAD = bytes(32)
"""A content hash that no file has: whoever compares it with a file's reads that file."""

_table = tables.documents
_MOVE = (
    update(_table)
    .where(_table.c.id == bindparam("moved"))
    .values(source=bindparam("to"), changed_at=bindparam("now"))
)
_FORGET_HASH = update(_table).where(_table.c.id == bindparam("moved")).values(content_hash=UNREAD)


@dataclass(frozen=True, slots=True)
class Rename:
    """A live document, and the source that it is to have."""

    document_id: str
    source: str
    """That it has."""
    to: str
    reread: bool
    """Its name may be part of what was read: it loses its content hash, so that whoever compares
    it with its file reads that again, also when this run is killed."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """What one call of `rename_documents` changed."""

    done: tuple[Rename, ...]
    replaced: tuple[str, ...]
    """The ids of other documents that had these sources, and are dead now."""


async def rename_documents(
    catalog: Catalog, collection: Collection, renames: Sequence[Rename]
) -> Renamed:
    """Give live documents other sources, all at once; two may swap theirs.

    Ids, chunks and vectors stay, and with them what has cited the documents. One that is not live
    under its source any more is left alone.
    """
    async with catalog.writing() as connection:
        locked = await lock_collection(connection, collection)
        done = await _still_true(connection, locked, renames)
        replaced = await _bury_occupants(connection, locked, done)
        await _move(connection, done)
    return Renamed(tuple(done), tuple(replaced))


async def _still_true(
    connection: AsyncConnection, locked: Collection, renames: Sequence[Rename]
) -> list[Rename]:
    query = select(_table.c.id, _table.c.source).where(
        among(_table.c.id, [one.document_id for one in renames]),
        tables.row_collection_id == locked.id,
        tables.row_state == "live",
    )
    sources = {row[0]: row[1] for row in await connection.execute(query)}
    return [one for one in renames if sources.get(one.document_id) == storable(one.source)]


async def _bury_occupants(
    connection: AsyncConnection, locked: Collection, renames: Sequence[Rename]
) -> list[str]:
    """Let die what has one of the sources and does not move away itself."""
    query = select(_table.c.id).where(
        _table.c.collection_id == locked.id,
        tables.is_live,
        among(_table.c.source, [one.to for one in renames]),
    )
    moving = {one.document_id for one in renames}
    dead = [one for one in await connection.scalars(query) if one not in moving]
    change = update(_table).where(among(_table.c.id, dead))
    await connection.execute(change.values(state="dead", changed_at=datetime.now(UTC)))
    await record_changes(connection, locked, [(one, "dead") for one in dead])
    return dead


async def _move(connection: AsyncConnection, renames: Sequence[Rename]) -> None:
    # By way of a source that is nobody's: no two live ones may have the same one at any moment.
    now = datetime.now(UTC)
    aside = {one.document_id: f"moving:{one.document_id}" for one in renames}
    for targets in (aside, {one.document_id: storable(one.to) for one in renames}):
        rows = [{"moved": moved, "to": to, "now": now} for moved, to in targets.items()]
        if rows:
            await connection.execute(_MOVE, rows)
    if reread := [{"moved": one.document_id} for one in renames if one.reread]:
        await connection.execute(_FORGET_HASH, reread)
