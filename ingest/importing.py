"""A bundle to a collection, whose readers see all of it from one moment on, and nothing before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.bundle import Bundle, BundledDocument
from ingest.verify import Stores
from rag_core.catalog import collections, documents, vectors
from rag_core.catalog.documents import DocumentSummary, StagedDocument
from rag_core.catalog.unseen import give_up, sources_in
from rag_core.documents import Document, hash_text, indexed_texts, new_document_id
from rag_core.errors import BundleError, LostVectorsError
from rag_core.threads import to_its_end
from rag_core.vectors import upkeep

_BATCH_DOCUMENTS = 200
_BATCH_CHUNKS = 2_000
_BATCH_CHARACTERS = 8 << 20

_Batch = list[tuple[BundledDocument, np.ndarray]]


@dataclass(slots=True)
class Imported:
    """What an import did to a collection."""

    collection: str
    documents: int
    """In the bundle."""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    chunks: int = 0
    """Of the documents added and updated."""
    waiting: set[str] = field(default_factory=set, repr=False)
    """Sources that are stored and not seen yet."""


async def import_bundle(stores: Stores, bundle: Bundle, name: str) -> Imported:
    """Store a bundle's documents unseen, then let readers see all of them at once.

    What is live with the same content stays; other documents of the collection are left alone.
    May be killed at any moment: the same bundle goes on from where it was.

    Raises:
        BundleError: the bundle is damaged, or cut in another way; nothing of it is kept.
        FingerprintMismatchError: the collection was embedded by another model.
        UnavailableError: a store does not answer.
    """
    catalog, manifest = stores.catalog, bundle.manifest
    collection = await collections.ensure_collection(
        catalog,
        name,
        fingerprint=manifest.fingerprint,
        dimension=manifest.dimension,
        splitting=manifest.splitting,
        least_score=manifest.least_score,
    )
    if collection.splitting != manifest.splitting:
        raise BundleError(
            f"collection {name!r} is cut into chunks of {collection.splitting}, the file of "
            f"{manifest.splitting}: import it into another (--collection NAME), or "
            "change one of them with 'ingest reindex'"
        )
    # Not `staged`: every program that opens the index publishes those.
    state = f"import:{bundle.key[:16]}"
    importing = _Importing(stores, collection, state, Imported(name, manifest.documents))
    try:
        await importing.store(bundle)
        ids = await importing.stored_ids()
    except BundleError:
        await give_up(catalog, collection, state)
        raise
    if ids:
        try:
            await upkeep.publish(catalog, stores.vectors, collection, ids, state=state)
        except LostVectorsError:
            await give_up(catalog, collection, state)
            raise
        await stores.lexical.follow(catalog, collection)
        await upkeep.sweep(catalog, stores.vectors, collection)
    return importing.done


@dataclass(slots=True)
class _Importing:
    """One import under way."""

    stores: Stores
    collection: collections.Collection
    state: str
    done: Imported

    async def store(self, bundle: Bundle) -> None:
        """Store what the collection has not; what an import that was killed has stored, stays."""
        catalog = self.stores.catalog
        stored = await sources_in(catalog, self.collection, self.state)
        read = bundle.documents()
        while batch := await to_its_end(_next_batch, read):
            live = await documents.find_live(
                catalog, self.collection, [document.source for document, _ in batch]
            )
            lacking = [one for one in batch if self._count(one[0], live, stored)]
            await self._save(lacking)

    async def stored_ids(self) -> list[str]:
        """The documents that are stored and to be seen.

        Raises:
            BundleError: they are not those of the bundle.
        """
        found = await sources_in(self.stores.catalog, self.collection, self.state)
        if set(found) != self.done.waiting:
            raise BundleError(
                f"collection {self.collection.name!r} was changed by another import, or the file "
                "names a source twice: import it again"
            )
        return list(found.values())

    def _count(
        self,
        document: BundledDocument,
        live: Mapping[str, DocumentSummary],
        stored: Mapping[str, str],
    ) -> bool:
        """Count a document; tells whether it is still to be stored."""
        known = live.get(document.source)
        if document.source not in stored and known is not None and _is_same(known, document):
            self.done.unchanged += 1
            return False
        self.done.added += known is None
        self.done.updated += known is not None
        self.done.chunks += len(document.chunks)
        self.done.waiting.add(document.source)
        return document.source not in stored

    async def _save(self, batch: Sequence[tuple[BundledDocument, np.ndarray]]) -> None:
        """Vectors first: a document without them could not be put into Chroma."""
        catalog = self.stores.catalog
        staged = [_stage(document) for document, _ in batch]
        for one, (_, matrix) in zip(staged, batch, strict=True):
            hashes = [hash_text(text) for text in indexed_texts(one.document, one.chunks)]
            await vectors.save_vectors(catalog, self.collection.fingerprint, hashes, matrix)
        await documents.stage_documents(catalog, self.collection, staged, state=self.state)


def _next_batch(read: Iterator[tuple[BundledDocument, np.ndarray]]) -> _Batch:
    batch: _Batch = []
    chunks = characters = 0
    for document, matrix in read:
        batch.append((document, matrix))
        chunks += len(document.chunks)
        characters += len(document.text)
        full = chunks >= _BATCH_CHUNKS or characters >= _BATCH_CHARACTERS
        if full or len(batch) == _BATCH_DOCUMENTS:
            break
    return batch


def _is_same(known: DocumentSummary, document: BundledDocument) -> bool:
    return (
        known.content_hash.hex() == document.content_hash
        and (known.title, known.media_type) == (document.title, document.media_type)
        and dict(known.metadata) == document.metadata
        and known.chunks == len(document.chunks)
        and known.tokens == sum(chunk.tokens for chunk in document.chunks)
    )


def _stage(document: BundledDocument) -> StagedDocument:
    text = document.text
    chunks = tuple(chunk.slice_from(text) for chunk in document.chunks)
    return StagedDocument(
        id=new_document_id(),
        document=Document(
            source=document.source,
            title=document.title,
            text=text,
            media_type=document.media_type,
            markup=document.markup,
            page_starts=document.page_starts,
            language=document.spoken,
        ),
        chunks=chunks,
        content_hash=bytes.fromhex(document.content_hash),
        size_bytes=document.size_bytes,
        metadata=document.metadata,
    )
