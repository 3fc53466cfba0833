"""The versions of a collection: the next, which is built unseen, and the previous, kept to go back.

Each is a collection of its own, with its documents, feed and indexes. A document of one version has
a twin in the others, whose id follows from its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.collections import (
    Collection,
    Version,
    all_collections,
    check_current,
    lock_collection,
    lock_named,
    version_name,
    visible_name,
)
from rag_core.catalog.engine import Catalog

_table = tables.collections
_ID = re.compile("[0-9a-f]{24}")
_MOVING = "\x1fmoving "
_TIME_DIGITS = 12
"""Of a document's id, which stay, so that ids go on sorting by time; the others are random."""


def twin_ids(ids: Sequence[str], here: Collection, there: Collection) -> list[str]:
    """Name the twins that documents have in another version; twins of twins are themselves.

    What is no document's id stays as it is.
    """
    change = _mask(here) ^ _mask(there)
    return [
        f"{one[:_TIME_DIGITS]}{int(one[_TIME_DIGITS:], 16) ^ change:012x}"
        if _ID.fullmatch(one)
        else one
        for one in ids
    ]


def _mask(collection: Collection) -> int:
    return int.from_bytes(hashlib.sha256(str(collection.id).encode()).digest()[:6])


async def find_version(catalog: Catalog, name: str, version: Version) -> Collection | None:
    """Read a version of a collection that readers do not see; None when there is none."""
    wanted = version_name(name, version)
    found = (one for one in await all_collections(catalog, hidden=True) if one.name == wanted)
    return next(found, None)


async def find_hidden(catalog: Catalog, name: str) -> list[Collection]:
    """Read the versions of a collection that readers do not see."""
    every = await all_collections(catalog, hidden=True)
    return [one for one in every if one.name != name and visible_name(one.name) == name]


async def find_dropped(catalog: Catalog) -> list[Collection]:
    """List the versions of any collection that nobody will use again."""
    every = await all_collections(catalog, hidden=True)
    dropped = ((one, version_name(visible_name(one.name), "dropped")) for one in every)
    return [one for one, name in dropped if one.name.startswith(name)]


async def lock_versions(connection: AsyncConnection, collection: Collection) -> list[Collection]:
    """Lock a collection, and with one that readers see all its versions.

    Raises:
        CollectionNotFoundError: it was deleted.
        ReindexedError: another version has taken its place.
    """
    name = collection.name
    if visible_name(name) != name:
        return [await lock_collection(connection, collection)]
    names = [name, version_name(name, "next"), version_name(name, "previous")]
    locked = await lock_named(connection, names)
    mine = next((one for one in locked if one.id == collection.id), None)
    check_current(mine or await lock_collection(connection, collection), collection)
    return locked


async def switch_version(
    catalog: Catalog, current: Collection, target: Collection, *, at_seq: int
) -> bool:
    """Let readers see another version in place of the current one, which becomes the previous.

    False when the live documents of the current one have changed since `at_seq`: bring the other
    up to it again. A previous version that was there before is dropped.

    Raises:
        ReindexedError: another version has taken the current one's place.
    """
    name = current.name
    async with catalog.writing() as connection:
        versions = {one.id: one for one in await lock_versions(connection, current)}
        if versions[current.id].seq != at_seq or target.id not in versions:
            return False
        for one in versions.values():
            if one.name == version_name(name, "previous") and one.id != target.id:
                await _rename(connection, one, version_name(name, "dropped") + f"-{one.id}")
        await _take_quarantine(connection, current, to=target)
        await _take_sources(connection, current, to=target)
        # Names are unique at every moment.
        await _rename(connection, current, version_name(name, "dropped"))
        await _rename(connection, target, name)
        await _rename(connection, current, version_name(name, "previous"))
    return True


async def _take_quarantine(
    connection: AsyncConnection, current: Collection, *, to: Collection
) -> None:
    """What is known of files that failed goes with the name, whatever the version."""
    table = tables.quarantine
    await connection.execute(delete(table).where(table.c.collection_id == to.id))
    move = update(table).where(table.c.collection_id == current.id)
    await connection.execute(move.values(collection_id=to.id))


async def _take_sources(
    connection: AsyncConnection, current: Collection, *, to: Collection
) -> None:
    """Name the documents as their twins are named: a rename is no change of the feed."""
    now, then = await _names(connection, current), await _names(connection, to)
    twins = dict(zip(twin_ids(list(now), current, to), now.values(), strict=True))
    moved = {one: twins[one] for one, old in then.items() if twins.get(one, old) != old}
    # Two may have swapped their sources, of which no two live ones may have the same.
    aside = {one: (f"{_MOVING}{one}", content_hash) for one, (_, content_hash) in moved.items()}
    table = tables.documents
    for names in (aside, moved):
        for one, (source, content_hash) in names.items():
            named = {"source": source, "content_hash": content_hash}
            await connection.execute(update(table).where(table.c.id == one).values(named))


async def _names(connection: AsyncConnection, version: Collection) -> dict[str, tuple[str, bytes]]:
    """The live documents' sources, and the hashes of their files, which a rename may forget."""
    table = tables.documents
    query = select(table.c.id, table.c.source, table.c.content_hash).where(
        table.c.collection_id == version.id, tables.is_live
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}


async def give_up_version(catalog: Catalog, version: Collection) -> None:
    """Let a version be one of those that are dropped, whatever it was."""
    name = version_name(visible_name(version.name), "dropped") + f"-{version.id}"
    async with catalog.writing() as connection:
        await _rename(connection, version, name)


async def delete_version(catalog: Catalog, version: Collection) -> None:
    """Delete a version that was dropped, with its documents; its vectors are of no collection."""
    async with catalog.writing() as connection:
        await connection.execute(
            delete(_table).where(_table.c.id == version.id, _table.c.name == version.name)
        )


async def _rename(connection: AsyncConnection, version: Collection, name: str) -> None:
    await connection.execute(update(_table).where(_table.c.id == version.id).values(name=name))
