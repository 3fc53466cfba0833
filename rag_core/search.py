"""A query as Passages: vectors and words, each asked for its best, scored together.

`fused_score = 0.4 · cosine + 0.6 · BM25 / ceiling`, where the ceiling is what no BM25 of this query
can pass: an absolute score, whose meaning does not change with the other passages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rag_core.catalog import chunks, collections
from rag_core.catalog.chunks import PassageRow
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.documents import Passage
from rag_core.embedding import Embedder
from rag_core.errors import FingerprintMismatchError, InvalidRequestError, VectorsMissingError
from rag_core.lexical.engine import Lexical
from rag_core.vectors.chroma import Vectors

_COSINE_WEIGHT = 0.4
_LEXICAL_WEIGHT = 0.6
_DEPTH = 100
"""How many chunks each half is asked for at first."""
_DEEPER = 4
"""Times as many the next time, when too few of them are live."""
_MAX_DEPTH = 6_400
_MAX_QUERY_CHARACTERS = 10_000
"""No model of ours reads further; cutting a query of 1 MB into tokens takes half a second."""


class Searched(Protocol):
    """What a search asks: `rag_core.index.Index` is one."""

    @property
    def catalog(self) -> Catalog:
        """Says which chunks are live, and holds their texts and vectors."""

    @property
    def embedder(self) -> Embedder:
        """The model that the collection was embedded with."""

    @property
    def vectors(self) -> Vectors:
        """Finds by meaning."""

    @property
    def lexical(self) -> Lexical:
        """Finds by words."""


@dataclass(frozen=True, slots=True)
class _Scored:
    chunk_id: str
    cosine: float
    lexical: float
    fused: float


async def search(index: Searched, collection_name: str, query: str, *, top_k: int) -> list[Passage]:
    """Find the live passages of highest fused score: at most top_k, best first.

    Raises:
        InvalidRequestError: the query is blank, or top_k is not 1 or more.
        CollectionNotFoundError: there is no such collection.
        FingerprintMismatchError: it was embedded by another model than the index has.
        UnavailableError: one of the parts does not answer; half a result is never given.
    """
    query = query.strip()[:_MAX_QUERY_CHARACTERS]
    if not query:
        raise InvalidRequestError("the question is empty")
    if top_k < 1:
        raise InvalidRequestError(f"top_k must be 1 or more, not {top_k}")
    collection = await _matching_collection(index, collection_name)
    if collection.seq == 0:
        return []  # nothing was ever published: Chroma need not know the collection yet
    try:
        scored = await _find(index, collection, query, wanted=top_k)
    except VectorsMissingError:
        # A rebuild may have switched to another vector index and dropped this one in between.
        switched = await _matching_collection(index, collection_name)
        if switched.vector_index == collection.vector_index:
            raise
        scored = await _find(index, switched, query, wanted=top_k)
    return await _load_passages(index.catalog, scored[:top_k])


async def _matching_collection(index: Searched, name: str) -> Collection:
    collection = await collections.get_collection(index.catalog, name)
    current = index.embedder.fingerprint
    if collection.fingerprint != current:
        raise FingerprintMismatchError(name, stored=collection.fingerprint, current=current)
    return collection


async def _find(
    index: Searched, collection: Collection, query: str, *, wanted: int
) -> list[_Scored]:
    """Score what either half finds, best first; goes deeper while too few of it are live."""
    depth = max(_DEPTH, wanted)
    vectors, by_words = await asyncio.gather(
        index.embedder.embed([query]), index.lexical.search(collection, query, depth)
    )
    while True:
        nearest = await index.vectors.query(collection.vector_index, vectors[0], depth)
        chunk_ids = list(dict.fromkeys(chunk_id for chunk_id, _ in [*nearest, *by_words]))
        scored = await _score(index, collection, query, vector=vectors[0], chunk_ids=chunk_ids)
        exhausted = len(nearest) < depth and len(by_words) < depth
        if len(scored) >= wanted or exhausted or depth >= _MAX_DEPTH:
            return scored
        depth *= _DEEPER
        by_words = await index.lexical.search(collection, query, depth)


async def _score(
    index: Searched,
    collection: Collection,
    query: str,
    *,
    vector: np.ndarray,
    chunk_ids: Sequence[str],
) -> list[_Scored]:
    """Give both exact scores to those of the chunks that are live, best first."""
    found, lexical, ceiling = await asyncio.gather(
        chunks.find_chunks(index.catalog, collection, chunk_ids),
        index.lexical.scores(collection, query, chunk_ids),
        index.lexical.ceiling(collection, query),
    )
    if not found:
        return []
    cosines = np.clip(np.stack([chunk.vector for chunk in found]) @ vector, -1.0, 1.0)
    scored = [
        _fuse(chunk.chunk_id, float(cosine), lexical.get(chunk.chunk_id, 0.0), ceiling)
        for chunk, cosine in zip(found, cosines, strict=True)
    ]
    return sorted(scored, key=lambda one: (-one.fused, one.chunk_id))


def _fuse(chunk_id: str, cosine: float, lexical: float, ceiling: float) -> _Scored:
    covered = lexical / ceiling if ceiling else 0.0
    return _Scored(chunk_id, cosine, lexical, _COSINE_WEIGHT * cosine + _LEXICAL_WEIGHT * covered)


async def _load_passages(catalog: Catalog, best: Sequence[_Scored]) -> list[Passage]:
    rows = await chunks.load_passage_rows(catalog, [one.chunk_id for one in best])
    scored = {one.chunk_id: one for one in best}
    return [_passage(row, scored[row.chunk_id]) for row in rows]


def _passage(row: PassageRow, scored: _Scored) -> Passage:
    return Passage(
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        collection=row.collection,
        source=row.source,
        title=row.title,
        text=row.text,
        start=row.start,
        end=row.end,
        page=row.page,
        heading_path=row.heading_path,
        score=scored.cosine,
        lexical_score=scored.lexical,
        fused_score=scored.fused,
        metadata=row.metadata,
    )
