"""Brings an index up to the end of the catalog's change feed, or makes it anew from its start."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from rag_core.catalog import changes
from rag_core.catalog.changes import Change
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.documents import indexed_text, join_headings
from rag_core.errors import LexicalUnavailableError
from rag_core.lexical.folder import Reached, remove_older
from rag_core.lexical.reader import Reader
from rag_core.lexical.writer import IndexedChunk, Writer
from rag_core.threads import to_its_end

logger = logging.getLogger(__name__)

_BATCH = 2_000
"""Changes between two commits."""


async def catch_up(
    catalog: Catalog, collection: Collection, *, folder: Path, reader: Reader
) -> int:
    """Apply all that is new and give the sequence number reached; the caller holds the lock."""
    reached = await asyncio.to_thread(_reached, folder, reader)
    fresh = await _unseen(catalog, collection, reached)
    if fresh is None:
        logger.warning(
            "the lexical index of collection %r followed another catalog: making it anew",
            collection.name,
        )
        await asyncio.to_thread(shutil.rmtree, folder)
        reached, fresh = None, await _unseen(catalog, collection, None)
    if not fresh:
        return reached.seq if reached else 0
    if reached is None and fresh[0].seq > 1:
        return await make_anew(catalog, collection, folder=folder)
    writer = await to_its_end(Writer, folder)
    try:
        seq = await _apply_all(catalog, collection, writer, fresh)
    finally:
        await to_its_end(writer.close)
    if reached is None:
        await asyncio.to_thread(remove_older, folder)
    return seq


async def make_anew(catalog: Catalog, collection: Collection, *, folder: Path) -> int:
    """Put what is live into an emptied index, with one commit; the caller holds the lock.

    Until the commit readers see what was there before. For an index without its feed's start,
    too: `compact` deletes old changes.
    """
    last, live = await changes.read_live(catalog, collection.id)
    writer = await to_its_end(_empty_writer, folder)
    try:
        await _add(catalog, writer, live)
        if last is None:
            return 0
        await to_its_end(writer.commit, Reached(last.seq, last.document_id))
    finally:
        await to_its_end(writer.close)
    await asyncio.to_thread(remove_older, folder)
    return last.seq


def _empty_writer(folder: Path) -> Writer:
    """Open for writing with nothing in it; what cannot even be opened is removed."""
    try:
        writer = Writer(folder)
    except LexicalUnavailableError:
        shutil.rmtree(folder, ignore_errors=True)
        writer = Writer(folder)
    writer.clear()
    return writer


def _reached(folder: Path, reader: Reader) -> Reached | None:
    try:
        return reader.reached()
    except LexicalUnavailableError as error:
        logger.warning("%s: making it anew from the catalog, in %s", error, folder)
        shutil.rmtree(folder)
        return None


async def _unseen(
    catalog: Catalog, collection: Collection, reached: Reached | None
) -> list[Change] | None:
    """Read the first changes that the index has not; None when it followed another feed."""
    after = reached.seq - 1 if reached else 0
    read = await changes.read_changes(catalog, collection.id, after=after, limit=_BATCH)
    if reached is None:
        return read
    known = read and Reached(read[0].seq, read[0].document_id) == reached
    return read[1:] if known else None


async def _apply_all(
    catalog: Catalog, collection: Collection, writer: Writer, fresh: list[Change]
) -> int:
    reached = 0
    while fresh:
        await _apply(catalog, writer, fresh)
        reached = fresh[-1].seq
        fresh = await changes.read_changes(catalog, collection.id, after=reached, limit=_BATCH)
    return reached


async def _apply(catalog: Catalog, writer: Writer, batch: list[Change]) -> None:
    """Bring one batch in, with one commit; documents that are dead by now are left out."""
    born = [change.document_id for change in batch if change.kind == "live"]
    gone = [change.document_id for change in batch if change.kind == "dead"]
    await to_its_end(writer.remove, gone)
    await _add(catalog, writer, born)
    last = batch[-1]
    await to_its_end(writer.commit, Reached(last.seq, last.document_id))


async def _add(catalog: Catalog, writer: Writer, document_ids: Sequence[str]) -> None:
    async for chunks in changes.document_chunks(catalog, document_ids):
        entries = [
            IndexedChunk(
                chunk.document_id,
                chunk.chunk_id,
                indexed_text(chunk.title, chunk.heading_path, chunk.text),
                chunk.language,
                join_headings(chunk.title, chunk.heading_path),
            )
            for chunk in chunks
        ]
        await to_its_end(writer.add, entries)
