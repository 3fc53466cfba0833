"""Holds the catalog, Chroma and the lexical index of a collection against each other."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ingest.findings import Finding, Findings, check_document
from rag_core.catalog import chunks, collections
from rag_core.catalog.audit import (
    StoredChunk,
    StoredDocument,
    is_whole,
    stored_documents,
    stored_vectors,
)
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.unseen import hidden_chunks
from rag_core.errors import VectorsBrokenError, VectorsMissingError
from rag_core.lexical.engine import Lexical
from rag_core.settings import Settings
from rag_core.vectors.chroma import Vectors, open_vectors

_TRIED = 200
"""Vectors that a query must find, evenly over the collection."""
_DEPTH = 10
_SAME_COSINE = 0.999
_SUSPECTS = 1_000
"""Looked at again at the end: an ingest may be at work while we look."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The three stores as they are: unlike `open_index`, opening them mends nothing."""

    catalog: Catalog
    vectors: Vectors
    lexical: Lexical


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at in a collection, and what was found."""

    collection: str
    documents: int
    chunks: int
    vectors_tried: int
    """Of the chunks' vectors, those that a query had to find in Chroma."""
    findings: tuple[Finding, ...]
    seconds: float


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """Open catalog, Chroma and lexical index.

    Raises:
        ConfigurationError: a setting is wrong.
        UnavailableError: one of them does not answer.
    """
    async with open_catalog(settings.catalog_url) as catalog, open_vectors(settings) as vectors:
        yield Stores(catalog, vectors, Lexical(settings.home))


async def verify_collection(stores: Stores, name: str) -> Verdict:
    """Check every live chunk in all three stores, and that they hold nothing else.

    Reads a batch at a time, so memory stays flat. May run beside an ingest: what was changed
    while we looked is not held against the stores.

    Raises:
        CollectionNotFoundError: there is none of this name.
        UnavailableError: a store does not answer.
    """
    started = time.monotonic()
    collection = await collections.get_collection(stores.catalog, name)
    total = await chunks.count_live_chunks(stores.catalog, collection)
    look = _Look(stores, collection, stride=max(1, total // _TRIED))
    look.reached = await stores.lexical.follow(stores.catalog, collection)
    async for batch in stored_documents(stores.catalog, collection):
        await look.check(batch)
    await look.finish()
    return Verdict(
        collection=name,
        documents=look.documents,
        chunks=look.chunks,
        vectors_tried=look.tried,
        findings=look.findings.all(),
        seconds=round(time.monotonic() - started, 3),
    )


@dataclass(slots=True)
class _Suspects:
    """Chunks that seem to be missing; past a number of them it is no matter of a moment."""

    ids: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, ids: Sequence[str]) -> None:
        room = max(0, _SUSPECTS - len(self.ids))
        self.ids += ids[:room]
        self.more += len(ids[room:])


@dataclass(slots=True)
class _Look:
    """One look over a collection, from its first document to the counts at its end."""

    stores: Stores
    collection: Collection
    stride: int
    """One chunk of so many is asked for by its vector."""
    reached: int = 0
    """How far the lexical index had come."""
    findings: Findings = field(default_factory=Findings)
    documents: int = 0
    chunks: int = 0
    tried: int = 0
    in_chroma: int = 0
    in_words: int = 0
    chroma_works: bool = True
    without_vector: _Suspects = field(default_factory=_Suspects)
    without_words: _Suspects = field(default_factory=_Suspects)

    async def check(self, batch: Sequence[StoredDocument]) -> None:
        """Check some documents in all stores."""
        for document in batch:
            check_document(document, self.findings)
        here = [chunk for document in batch for chunk in document.chunks]
        ids = [chunk.id for chunk in here]
        whole = await self._check_cache(here)
        held = await self.stores.lexical.held(self.collection, ids)
        self.in_words += len(held)
        self.without_words.add(sorted(set(ids) - set(held)))
        await self._with_chroma(self._check_chroma(ids, whole))
        self.documents += len(batch)
        self.chunks += len(here)

    async def finish(self) -> None:
        """Look again at what was missing, then whether there is more than there should be."""
        await self._look_again()
        now = await collections.get_collection(self.stores.catalog, self.collection.name)
        self.findings.add("words-behind", count=self.collection.seq - self.reached)
        if now == self.collection and self.reached == now.seq:
            size = await self.stores.lexical.size(now)
            self.findings.add("words-unknown", count=size - self.in_words)
            await self._with_chroma(self._count_chroma())

    async def _with_chroma(self, work: Coroutine[None, None, None]) -> None:
        """Do this; with a Chroma collection that cannot be used nothing more is asked of it."""
        if not self.chroma_works:
            work.close()
            return
        try:
            await work
        except (VectorsMissingError, VectorsBrokenError) as error:
            self.chroma_works = False
            self.findings.add("vectors-broken", [str(error)])

    async def _check_cache(self, here: Sequence[StoredChunk]) -> set[str]:
        """Give the chunks that have a sound vector in the catalog."""
        whole: set[bytes] = set()
        hashes = list({chunk.vector_hash for chunk in here})
        dimension = self.collection.dimension
        async for part in stored_vectors(self.stores.catalog, self.collection, hashes):
            whole |= {key for key, stored in part.items() if is_whole(stored, dimension)}
        self.findings.add("cache", [one.id for one in here if one.vector_hash not in whole])
        return {one.id for one in here if one.vector_hash in whole}

    async def _check_chroma(self, ids: Sequence[str], whole: set[str]) -> None:
        held = await self.stores.vectors.held(self.collection.vector_index, ids)
        self.in_chroma += len(held)
        self.without_vector.add(sorted(set(ids) - held))
        first = -self.chunks % self.stride
        await self._try([one for one in ids[first :: self.stride] if one in held & whole])

    async def _try(self, ids: Sequence[str]) -> None:
        """Ask Chroma for these vectors themselves: a vector may be there and never be found."""
        found, matrix = await chunks.find_vectors(self.stores.catalog, self.collection, ids)
        for chunk_id, vector in zip(found, matrix, strict=True):
            closest = await self.stores.vectors.query(self.collection.vector_index, vector, _DEPTH)
            self.tried += 1
            if chunk_id not in dict(closest) and not (closest and closest[0][1] >= _SAME_COSINE):
                self.findings.add("vectors-unfound", [chunk_id])

    async def _look_again(self) -> None:
        """Drop the suspects that a change under way explains."""
        catalog, lexical = self.stores.catalog, self.stores.lexical
        now = await collections.get_collection(catalog, self.collection.name)
        if now.id != self.collection.id:  # it was reindexed while we looked
            return
        if self.without_words.ids:
            await lexical.follow(catalog, now)
            held = set(await lexical.held(now, self.without_words.ids))
            still = await _live(catalog, set(self.without_words.ids) - held)
            self.findings.add("words-missing", still)
        if self.without_vector.ids and self.chroma_works:
            held = await self.stores.vectors.held(now.vector_index, self.without_vector.ids)
            still = await _live(catalog, set(self.without_vector.ids) - held)
            self.findings.add("vectors-missing", still)
        self.findings.add("words-missing", count=self.without_words.more)
        self.findings.add("vectors-missing", count=self.without_vector.more)

    async def _count_chroma(self) -> None:
        """Whatever Chroma holds must be of a document that the catalog has, live or not."""
        if not self.chunks:  # it may not have been made yet
            return
        name, known = self.collection.vector_index, self.in_chroma
        async for ids in hidden_chunks(self.stores.catalog, self.collection):
            known += len(await self.stores.vectors.held(name, ids))
        counted = await self.stores.vectors.count(name)
        self.findings.add("vectors-unknown", count=counted - known)


async def _live(catalog: Catalog, ids: Iterable[str]) -> list[str]:
    return [row.chunk_id for row in await chunks.load_passage_rows(catalog, sorted(ids))]
