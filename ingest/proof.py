"""Asks all three stores for documents that are to be gone, and deletes their vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.catalog import collections, documents, vectors, versions
from rag_core.catalog.remains import (
    Traces,
    delete_unused_among,
    find_remains,
    find_still_live,
)
from rag_core.catalog.storable import batched
from rag_core.documents import chunk_id
from rag_core.errors import RagError, VectorsMissingError
from rag_core.index import Index
from rag_core.vectors import upkeep

_ATTEMPTS = 10
_AGAIN_SECONDS = 0.5
"""Another process may be the one that follows the changes, or sweeps."""
_DOCUMENTS = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of removed texts, of replaced versions too."""

    proven: bool
    """No store has anything of them any more."""
    documents: int
    """Versions that were asked for."""
    chunks: int
    deleted_vectors: int
    """From the catalog: the cached vectors of texts that no document has any more."""
    in_catalog: tuple[str, ...]
    """Ids of documents that the catalog still has."""
    in_vectors: tuple[str, ...]
    """Ids of chunks that Chroma still has."""
    in_words: tuple[str, ...]
    """Ids of chunks that the lexical index still has."""
    detail: str | None
    """What kept us from asking; None when nothing did."""


async def prove_gone(index: Index, name: str, traces: Traces) -> Proof:
    """Take what is dead of these documents out of every store, and ask each whether it is gone.

    Documents that are live all the same, since what was to replace them failed, are left out.
    Never raises a RagError: what fails is in the proof.
    """
    trial = _Trial(index, name, traces)
    try:
        await trial.run()
    except RagError as error:
        return trial.result(str(error))
    return trial.result(None)


class _Trial:
    """One proof under way."""

    def __init__(self, index: Index, name: str, traces: Traces) -> None:
        self._index = index
        self._name = name
        self._traces = traces
        self._gone = list(traces.chunks)
        self._deleted: set[bytes] = set()
        self._left: tuple[Sequence[str], Sequence[str], Sequence[str]] = ((), (), ())

    async def run(self) -> None:
        catalog = self._index.catalog
        live = await find_still_live(catalog, self._gone)
        self._gone = [one for one in self._gone if one not in live]
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_AGAIN_SECONDS)
            await self._clear()
            self._left = await self._ask()
            if not any(self._left):
                break
        await self._delete_vectors()

    def result(self, detail: str | None) -> Proof:
        in_catalog, in_vectors, in_words = map(tuple, self._left)
        return Proof(
            proven=detail is None and not any(self._left),
            documents=len(self._gone),
            chunks=sum(self._traces.chunks[one] for one in self._gone),
            deleted_vectors=len(self._deleted),
            in_catalog=in_catalog,
            in_vectors=in_vectors,
            in_words=in_words,
            detail=detail,
        )

    async def _clear(self) -> None:
        index = self._index
        collection = await collections.get_collection(index.catalog, self._name)
        await index.lexical.follow(index.catalog, collection)
        await upkeep.sweep(index.catalog, index.vectors, collection)
        for version in await versions.find_hidden(index.catalog, self._name):
            twins = versions.twin_ids(self._gone, collection, version)
            await documents.remove_documents(index.catalog, version, twins)
            await index.lexical.follow(index.catalog, version)
            await upkeep.sweep(index.catalog, index.vectors, version)

    async def _ask(self) -> tuple[list[str], list[str], list[str]]:
        index = self._index
        collection = await collections.get_collection(index.catalog, self._name)
        in_catalog = sorted(await find_remains(index.catalog, self._gone))
        in_vectors: list[str] = []
        in_words: list[str] = []
        for part in batched(self._gone, _DOCUMENTS):
            counts = self._traces.chunks
            ids = [chunk_id(one, position) for one in part for position in range(counts[one])]
            in_words += await index.lexical.held(collection, ids)
            try:
                in_vectors += sorted(await index.vectors.held(collection.vector_index, ids))
            except VectorsMissingError:  # it was made by nobody yet, or lost: it holds nothing
                continue
        return in_catalog, in_vectors, in_words

    async def _delete_vectors(self) -> None:
        catalog, model = self._index.catalog, self._index.embedder.fingerprint
        self._deleted = await delete_unused_among(catalog, model, self._traces.hashes)
        back = await vectors.has_vectors(catalog, model, sorted(self._deleted))
        if back:  # somebody has embedded them since, and has a document for them or will have
            self._deleted -= back
