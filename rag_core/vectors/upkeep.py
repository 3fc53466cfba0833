"""Keeps Chroma in step with the catalog, which is the truth: publish, recover, sweep, rebuild."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np

from rag_core.catalog import changes, chunks, collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import PublishedDocuments
from rag_core.catalog.engine import Catalog
from rag_core.errors import (
    LostVectorsError,
    StaleVectorIndexError,
    VectorsBrokenError,
    VectorsMissingError,
    VectorsUnavailableError,
)
from rag_core.locks import in_turn
from rag_core.vectors.chroma import Vectors

_LOG = logging.getLogger(__name__)
_MAX_ATTEMPTS = 5
_DOCUMENTS_AT_ONCE = 50
_CHANGES_AT_ONCE = 1000
_CANARY_DEPTH = 100
_SAME_COSINE = 0.999
_MAX_REMOVED_SHARE = 0.3
_MIN_REMOVED = 500
_MIN_FREE_BYTES = 200_000_000


async def publish(
    catalog: Catalog,
    vectors: Vectors,
    collection: Collection,
    document_ids: Sequence[str],
    *,
    state: str = "staged",
) -> PublishedDocuments:
    """Put staged documents into Chroma, then switch them live; may be run twice.

    When the collection is switched to another Chroma collection meanwhile, they are put into
    that one; when Chroma has lost it, it is built again first.

    Raises:
        VectorsUnavailableError: Chroma cannot be reached; the documents stay staged.
        LostVectorsError: the catalog has not all their vectors; the documents stay staged.
        ReindexedError: another version has taken the collection's place; they stay unseen.
    """
    if lost := await chunks.lacking_vectors(catalog, collection, document_ids):
        raise LostVectorsError(collection.name, lost)
    for _ in range(_MAX_ATTEMPTS):
        try:
            copied = chunks.chunk_vectors(catalog, collection, document_ids)
            await _copy(vectors, collection.vector_index, copied)
            return await documents.publish_documents(catalog, collection, document_ids, state=state)
        except StaleVectorIndexError:
            collection = await _read_again(catalog, collection)
        except (VectorsMissingError, VectorsBrokenError) as error:
            collection = await _make_writable(catalog, vectors, collection, fault=str(error))
    raise VectorsUnavailableError(
        f"collection {collection.name!r} was switched {_MAX_ATTEMPTS} times while we wrote to it"
    )


async def recover(catalog: Catalog, vectors: Vectors, collection: Collection) -> None:
    """Publish what a killed run has left staged; what has lost its vectors goes."""
    staged = await documents.staged_ids(catalog, collection)
    for start in range(0, len(staged), _DOCUMENTS_AT_ONCE):
        batch = staged[start : start + _DOCUMENTS_AT_ONCE]
        lost = set(await chunks.lacking_vectors(catalog, collection, batch))
        if lost:
            await documents.remove_documents(catalog, collection, list(lost))
        whole = [one for one in batch if one not in lost]
        await publish(catalog, vectors, collection, whole)


async def sweep(catalog: Catalog, vectors: Vectors, collection: Collection) -> None:
    """Take dead documents out of Chroma, then out of the catalog.

    Chroma leaves a mark for each removed vector; past a share of these it is built anew.
    """
    async with in_turn(_turn(vectors, collection)):
        current = await collections.get_collection(catalog, collection.name)
        await _drop_noted(vectors, current)
        dead = await documents.dead_ids(catalog, current)
        for start in range(0, len(dead), _DOCUMENTS_AT_ONCE):
            await _bury(catalog, vectors, current, dead[start : start + _DOCUMENTS_AT_ONCE])
        await _renew_if_worn(catalog, vectors, current.name)


async def check_health(catalog: Catalog, vectors: Vectors, collection: Collection) -> str | None:
    """Compare Chroma with the catalog: size, a query, a vector that must be found.

    Returns:
        The fault that a rebuild mends, None when there is none.

    Raises:
        VectorsUnavailableError: Chroma cannot be reached, so nothing is known.
    """
    expected = await chunks.count_live_chunks(catalog, collection)
    sample = await chunks.sample_live_chunk(catalog, collection)
    if sample is None:
        return None
    name = collection.vector_index
    try:
        counted = await vectors.count(name)
        found = await vectors.query(name, sample.vector, min(_CANARY_DEPTH, expected))
    except (VectorsMissingError, VectorsBrokenError) as error:
        return str(error)
    if counted < expected:
        return f"Chroma holds {counted} of {expected} vectors"
    if not found or len(found) < min(_CANARY_DEPTH, expected) // 2:
        return f"a query finds {len(found)} of {expected} vectors"
    if sample.chunk_id not in dict(found) and found[0][1] < _SAME_COSINE:
        return f"the vector of chunk {sample.chunk_id!r} is not found"
    return None


async def rebuild(catalog: Catalog, vectors: Vectors, collection: Collection) -> Collection:
    """Build a new Chroma collection from the catalog's vectors and switch to it; embeds nothing.

    One process of this machine at a time; one that has waited takes what the other has built.
    Others may publish meanwhile: they notice the switch, and we what they have published.

    Raises:
        VectorsUnavailableError: Chroma cannot be reached.
    """
    async with in_turn(_turn(vectors, collection)):
        current = await collections.get_collection(catalog, collection.name)
        if current.vector_index != collection.vector_index:
            return current
        return await _rebuild_in_turn(catalog, vectors, current)


async def mend(catalog: Catalog, vectors: Vectors, collection: Collection) -> Collection:
    """Rebuild an index with a fault; one that the new index has, too, is noted and said once.

    Raises:
        VectorsUnavailableError: Chroma cannot be reached.
    """
    rebuilt = await rebuild(catalog, vectors, collection)
    left = await check_health(catalog, vectors, rebuilt)
    if left is not None:
        _left(vectors, rebuilt).write_text(f"{rebuilt.vector_index}\n{left}", "utf-8")
        _LOG.warning(
            "vector index of collection %r: %s, though it was built anew: it stays as it is, and "
            "what it does not find is found by words only",
            rebuilt.name,
            left,
        )
    return rebuilt


def is_left(vectors: Vectors, collection: Collection, fault: str) -> bool:
    """Whether the index had this very fault when it was built, so that another would have it."""
    try:
        noted = _left(vectors, collection).read_text("utf-8")
    except FileNotFoundError:
        return False
    return noted == f"{collection.vector_index}\n{fault}"


async def _rebuild_in_turn(catalog: Catalog, vectors: Vectors, current: Collection) -> Collection:
    """Build; when not even a new collection can be written, have the whole store moved aside."""
    server = vectors.server
    store = 0 if server is None else server.store_number()
    try:
        return await _build(catalog, vectors, current)
    except VectorsBrokenError as error:
        if server is None or shutil.disk_usage(vectors.home).free < _MIN_FREE_BYTES:
            raise
        _LOG.warning("the vector store is broken and is moved aside: %s", error)
    await server.start_afresh(broken=store)
    vectors.forget()
    return await _build(catalog, vectors, current)


async def _build(catalog: Catalog, vectors: Vectors, old: Collection) -> Collection:
    await _drop_noted(vectors, old)
    new = collections.new_vector_index()
    _note(vectors, old, [new, old.vector_index])
    await vectors.create(new)
    await _copy(vectors, new, chunks.live_vectors(catalog, old))
    seen = old
    while not await collections.switch_vector_index(catalog, seen, to=new, at_seq=seen.seq):
        newer = await collections.get_collection(catalog, old.name)
        if newer.vector_index != old.vector_index:
            break
        await _copy_changes(catalog, vectors, seen, to=new)
        seen = newer
    current = await collections.get_collection(catalog, old.name)
    await _drop_noted(vectors, current)
    return current


async def _copy_changes(catalog: Catalog, vectors: Vectors, seen: Collection, *, to: str) -> None:
    """Put what has become live since into the new collection; what died is swept later."""
    after = seen.seq
    first = await changes.read_changes(catalog, seen.id, after=after, limit=1)
    if first and first[0].seq != after + 1:  # `compact` has deleted what we were to follow
        await _copy(vectors, to, chunks.live_vectors(catalog, seen))
        return
    while batch := await changes.read_changes(
        catalog, seen.id, after=after, limit=_CHANGES_AT_ONCE
    ):
        born = [change.document_id for change in batch if change.kind == "live"]
        await _copy(vectors, to, chunks.chunk_vectors(catalog, seen, born))
        after = batch[-1].seq


async def _copy(
    vectors: Vectors, name: str, batches: AsyncIterator[tuple[list[str], np.ndarray]]
) -> None:
    async for ids, matrix in batches:
        await vectors.add(name, ids, matrix)


async def _make_writable(
    catalog: Catalog, vectors: Vectors, collection: Collection, *, fault: str
) -> Collection:
    """Make the Chroma collection of a new collection, or again the one of an old."""
    current = await _read_again(catalog, collection)
    if current.vector_index != collection.vector_index:
        return current
    if await chunks.count_live_chunks(catalog, current):
        _LOG.warning("vector index of collection %r: %s: rebuilding it", current.name, fault)
    rebuilt = await rebuild(catalog, vectors, current)
    collections.check_current(rebuilt, collection)
    return rebuilt


async def _read_again(catalog: Catalog, collection: Collection) -> Collection:
    current = await collections.get_collection(catalog, collection.name)
    collections.check_current(current, collection)
    return current


async def _bury(
    catalog: Catalog, vectors: Vectors, collection: Collection, document_ids: Sequence[str]
) -> None:
    """Remove dead documents; a Chroma collection that is lost holds none of them any more."""
    ids = await chunks.chunk_ids(catalog, document_ids)
    try:
        await vectors.remove(collection.vector_index, ids)
        await collections.count_removed(catalog, collection, len(ids))
    except VectorsMissingError:
        _LOG.warning("vector index of collection %r is not in Chroma", collection.name)
    await documents.delete_dead(catalog, document_ids)


async def _renew_if_worn(catalog: Catalog, vectors: Vectors, name: str) -> None:
    current = await collections.get_collection(catalog, name)
    removed = current.removed_vectors
    live = await chunks.count_live_chunks(catalog, current)
    if removed > _MIN_REMOVED and removed > _MAX_REMOVED_SHARE * (live + removed):
        _LOG.info("collection %r: %d vectors removed, %d live: rebuilding", name, removed, live)
        await _rebuild_in_turn(catalog, vectors, current)


def _turn(vectors: Vectors, collection: Collection) -> Path:
    return vectors.home / "chroma" / f"upkeep-{collection.id}.lock"


def _left(vectors: Vectors, collection: Collection) -> Path:
    return vectors.home / "chroma" / f"upkeep-{collection.id}.left"


def _notes(vectors: Vectors, collection: Collection) -> Path:
    """Names that a build has to do with: those not current are dropped, also after a kill -9.

    Written down rather than listed from Chroma, whose other collections may be somebody else's.
    """
    return vectors.home / "chroma" / f"upkeep-{collection.id}.names"


def _note(vectors: Vectors, collection: Collection, names: Sequence[str]) -> None:
    _notes(vectors, collection).write_text("\n".join(names), "utf-8")


async def _drop_noted(vectors: Vectors, current: Collection) -> None:
    """Drop what a build has left; must be called in turn."""
    notes = _notes(vectors, current)
    if not notes.exists():
        return
    for name in notes.read_text("utf-8").split():
        if name != current.vector_index:
            await vectors.drop(name)
    notes.unlink()
