"""Mends the faults of a collection's stores from the catalog, and makes its indexes anew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from ingest.findings import Finding
from ingest.verify import Stores, Verdict, verify_collection
from rag_core.catalog import chunks, collections, vectors
from rag_core.catalog.audit import StoredDocument, is_whole, stored_documents, stored_vectors
from rag_core.catalog.collections import Collection
from rag_core.documents import hash_text, indexed_text
from rag_core.embedding import Embedder
from rag_core.errors import FingerprintMismatchError
from rag_core.vectors import upkeep

logger = logging.getLogger(__name__)

OpenEmbedder = Callable[[], AbstractAsyncContextManager[Embedder]]
"""Opens the model of the settings, which takes a while and is seldom needed."""

_ANEW = {"vectors-unknown", "vectors-unfound", "vectors-broken"}
"""What adding to the Chroma collection does not mend."""
_REPLACED = "\ufffd"
_TEXTS = 64
"""Embedded, and then saved, at once: the most that a kill -9 loses."""


@dataclass(slots=True)
class Repair:
    """What a repair found and did, and what it could not mend."""

    collection: str
    found: tuple[Finding, ...]
    embedded: int = 0
    """Texts whose vectors the catalog had lost."""
    added: int = 0
    """Vectors that Chroma had lost."""
    rebuilt: list[str] = field(default_factory=list)
    """`vectors`, `words`: the indexes that were made anew."""
    left: tuple[Finding, ...] = ()


async def repair_collection(
    stores: Stores, verdict: Verdict, *, open_model: OpenEmbedder
) -> Repair:
    """Mend what was found; may be killed at any moment, and run again.

    Embeds only texts whose vectors are lost from the catalog.

    Raises:
        FingerprintMismatchError: vectors are lost, and the settings name another model.
        UnavailableError: a store does not answer.
    """
    done = Repair(verdict.collection, verdict.findings)
    if not verdict.findings:
        return done
    checks: set[str] = {finding.check for finding in verdict.findings}
    collection = await collections.get_collection(stores.catalog, verdict.collection)
    if "cache" in checks:
        done.embedded = await _embed_lost(open_model, stores, collection)
    if checks & _ANEW:
        await upkeep.rebuild(stores.catalog, stores.vectors, collection)
        done.rebuilt.append("vectors")
    elif checks & {"vectors-missing", "cache"}:
        done.added = await _add_lost(stores, collection)
    if any(check.startswith("words") for check in checks):
        await stores.lexical.rebuild(stores.catalog, collection)
        done.rebuilt.append("words")
    done.left = (await verify_collection(stores, verdict.collection)).findings
    return done


async def rebuild_collection(stores: Stores, name: str) -> Collection:
    """Make both indexes anew beside the live ones, then switch; embeds nothing.

    Raises:
        UnavailableError: a store does not answer.
    """
    collection = await collections.get_collection(stores.catalog, name)
    await stores.lexical.rebuild(stores.catalog, collection)
    return await upkeep.rebuild(stores.catalog, stores.vectors, collection)


async def _add_lost(stores: Stores, collection: Collection) -> int:
    added = 0
    async for ids, matrix in chunks.live_vectors(stores.catalog, collection):
        held = await stores.vectors.held(collection.vector_index, ids)
        lost = [position for position, one in enumerate(ids) if one not in held]
        if lost:
            missing = [ids[position] for position in lost]
            await stores.vectors.add(collection.vector_index, missing, matrix[lost])
        added += len(lost)
    return added


async def _embed_lost(open_model: OpenEmbedder, stores: Stores, collection: Collection) -> int:
    """Embed the texts of live chunks that have no sound vector in the catalog."""
    embedded = 0
    async with open_model() as embedder:
        if embedder.fingerprint != collection.fingerprint:
            raise FingerprintMismatchError(
                collection.name, stored=collection.fingerprint, current=embedder.fingerprint
            )
        async for batch in stored_documents(stores.catalog, collection):
            lost = await _lost_texts(stores, collection, batch)
            for start in range(0, len(lost), _TEXTS):
                part = dict(lost[start : start + _TEXTS])
                matrix = await embedder.embed(list(part.values()))
                await vectors.replace_vectors(
                    stores.catalog, collection.fingerprint, list(part), matrix
                )
            embedded += len(lost)
    return embedded


async def _lost_texts(
    stores: Stores, collection: Collection, batch: Iterable[StoredDocument]
) -> Sequence[tuple[bytes, str]]:
    """The texts without a vector, by the hash that it must have; not those with a wrong hash."""
    texts = {
        chunk.vector_hash: indexed_text(document.title, chunk.heading_path, chunk.text)
        for document in batch
        for chunk in document.chunks
    }
    async for part in stored_vectors(stores.catalog, collection, list(texts)):
        for key, stored in part.items():
            if is_whole(stored, collection.dimension):
                del texts[key]
    return [
        (key, text) for key, text in texts.items() if hash_text(text) == key or _REPLACED in text
    ]
