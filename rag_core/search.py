"""A query as Passages: vectors and words, each asked for its best, scored together.

`fused_score = 0.4 · cosine + 0.6 · BM25 / ceiling`, where the ceiling is what no BM25 of this
query's words alone can pass, and the quotient at most 1: an absolute score, whose meaning does not
change with the other passages. The cosine counts for little where the model cannot read the query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag_core.catalog import collections
from rag_core.errors import VectorsMissingError
from rag_core.fusion import fuse_scores
from rag_core.legibility import is_legible
from rag_core.lexical.reader import Matches
from rag_core.passages import Scored, load_passages
from rag_core.query import FILTERED_OUT, LEAST_SCORE, NOTHING, Found, Query, fuse

if TYPE_CHECKING:
    from rag_core.catalog.collections import Collection
    from rag_core.catalog.engine import Catalog
    from rag_core.embedding import Embedder
    from rag_core.filtered import Allowed, Filters
    from rag_core.lexical.engine import Lexical
    from rag_core.seen_vectors import SeenVectors
    from rag_core.vectors.chroma import Vectors

_DEPTH = 100
"""How many chunks each half is asked for at first."""
_DEEPER = 4
"""Times as many the next time, when too few of them are live."""
_FURTHER = 2
"""The same, when a chunk that a filter allows may be better than those that were found."""
_MAX_DEPTH = 6_400
_SAME_COSINE = 1e-3
"""Chroma's cosines serve as bounds, no closer than this; the exact ones are of the catalog."""
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

    @property
    def filters(self) -> Filters:
        """Knows what filters allow."""

    @property
    def seen(self) -> SeenVectors:
        """Remembers what searches have read."""


class _Halves:
    """What vectors and words found, each with its own score."""

    def __init__(
        self, nearest: Sequence[tuple[str, float]], matches: Matches, *, legible: bool = True
    ) -> None:
        self.near, self.words = dict(nearest), dict(matches.best)
        self.chunk_ids = list(self.near | self.words)
        """Each once."""
        self.matches = matches
        self.legible = legible
        """Whether the model can read the query; else its cosines count for little."""

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest fused score that each of the chunks can have.

        Words find the best for certain: no other passes the last of them. Vectors do not: of what
        they have not found, nothing is known.
        """
        near, words = self.near, self.words
        low = np.array([near.get(one, -1.0) for one in self.chunk_ids]) - _SAME_COSINE
        high = np.array([near.get(one, 1.0) for one in self.chunk_ids]) + _SAME_COSINE
        few = np.array([words.get(one, 0.0) for one in self.chunk_ids])
        many = np.array([words.get(one, self.matches.floor) for one in self.chunk_ids])
        return self.fuse(low, few), self.fuse(high, many)

    def beyond(self) -> float:
        """What the fused score of a chunk that neither half has found cannot pass."""
        cosine = min(self.near.values(), default=-1.0)
        return float(self.fuse(np.array(cosine), np.array(self.matches.floor)))

    def fuse(self, cosines: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        """The fused scores."""
        return fuse_scores(cosines, lexical, self.matches.ceiling, legible=self.legible)


async def search(index: Searched, collection_name: str, query: Query) -> Found:
    """Find the live passages of highest fused score.

    Raises:
        InvalidRequestError: the query is blank, or top_k is not 1 or more.
        CollectionNotFoundError: there is no such collection.
        FingerprintMismatchError: it was embedded by another model than the index has.
        UnavailableError: one of the parts does not answer; half a result is never given.
    """
    query.check()
    if query.variants:
        return fuse(
            [await search(index, collection_name, one) for one in query.each()], query.top_k
        )
    collection = await find_collection(index, collection_name)
    if is_empty(collection):
        return NOTHING
    return await search_collection(index, collection, query, await embed_query(index, query))


def is_empty(collection: Collection) -> bool:
    """Whether nothing was ever published: Chroma need not know such a collection yet."""
    return collection.seq == 0


async def embed_query(index: Searched, query: Query) -> np.ndarray:
    """Embed what is searched: one unit vector, float32."""
    vector: np.ndarray = (await index.embedder.embed([_read_text(query)]))[0]
    return vector


def _read_text(query: Query) -> str:
    return query.text.strip()[:_MAX_QUERY_CHARACTERS]


async def search_collection(
    index: Searched, collection: Collection, query: Query, vector: np.ndarray
) -> Found:
    """As `search`, of a collection that was read a moment ago and is not empty.

    `vector` is that of the query.
    """
    try:
        return await _search(index, collection, query, vector)
    except VectorsMissingError:
        # A rebuild may have switched to another vector index and dropped this one in between.
        switched = await find_collection(index, collections.visible_name(collection.name))
        if switched.vector_index == collection.vector_index:
            raise
        return await _search(index, switched, query, vector)


async def _search(
    index: Searched, collection: Collection, query: Query, vector: np.ndarray
) -> Found:
    allowed = None
    if query.filter is not None:
        allowed = await index.filters.resolve(index.catalog, collection, query.filter)
        if not allowed.counts:
            return FILTERED_OUT if allowed.all_chunks else NOTHING
    scored = await _find(index, collection, query, vector, allowed)
    passages = await load_passages(index.catalog, scored)
    if not passages:
        return NOTHING if allowed is None else FILTERED_OUT
    least = collection.least_score
    return Found(passages, least_score=LEAST_SCORE if least is None else least)


async def find_collection(index: Searched, name: str) -> Collection:
    """Read a collection that this index's model has embedded, or the version that it has.

    Raises:
        CollectionNotFoundError: there is no such collection.
        FingerprintMismatchError: it was embedded by another model than the index has.
    """
    model = index.embedder.fingerprint
    return await collections.get_readable(index.catalog, name, fingerprint=model)


async def _find(
    index: Searched,
    collection: Collection,
    query: Query,
    vector: np.ndarray,
    allowed: Allowed | None,
) -> list[Scored]:
    """Find the best of what either half finds; goes deeper while too few are live."""
    text, wanted = _read_text(query), query.top_k
    depth = max(_DEPTH, wanted)
    while True:
        halves = await _ask(index, collection, text, vector, allowed, depth)
        scored = await _rank(index, collection, vector, halves, wanted=wanted)
        exhausted = len(halves.near) < depth and len(halves.words) < depth
        if exhausted or depth >= _MAX_DEPTH:
            return scored
        if len(scored) < wanted:
            depth *= _DEEPER
        elif allowed is not None and scored[-1].fused < halves.beyond():
            depth *= _FURTHER
        else:
            return scored


async def _ask(
    index: Searched,
    collection: Collection,
    text: str,
    vector: np.ndarray,
    allowed: Allowed | None,
    depth: int,
) -> _Halves:
    """Ask both halves at once, the whole collection or what is allowed of it."""
    if allowed is None:
        nearest, matches = await asyncio.gather(
            index.vectors.query(collection.vector_index, vector, depth),
            index.lexical.search(collection, text, depth),
        )
    else:
        nearest, matches = await asyncio.gather(
            index.filters.nearest(index, collection, vector, allowed, depth),
            index.filters.matches(index, collection, text, allowed, depth),
        )
    legible = is_legible(text, tokenizer=index.embedder.tokenizer)
    return _Halves(nearest, matches, legible=legible)


async def _rank(
    index: Searched, collection: Collection, vector: np.ndarray, halves: _Halves, *, wanted: int
) -> list[Scored]:
    """Find the best `wanted` of what is live, by both exact scores, best first.

    At first these are read only for what can be among the best, as far as the halves tell; when
    too many of those are dead, for all.
    """
    chunk_ids, bound = _contenders(halves, wanted)
    ranked = await _score(index, collection, vector, halves, chunk_ids, wanted=wanted)
    if bound is not None and (len(ranked) < wanted or -ranked[wanted - 1][0] <= bound):
        ranked = await _score(index, collection, vector, halves, halves.chunk_ids, wanted=wanted)
    return [Scored(one, cosine, words, -minus) for minus, one, cosine, words in ranked[:wanted]]


def _contenders(halves: _Halves, wanted: int) -> tuple[list[str], float | None]:
    """Name the chunks that may be among the best `wanted`, and what the others cannot pass.

    None when there are no others.
    """
    lowest, highest = halves.bounds()
    chosen = _may_be_best(lowest, highest, wanted)
    others = highest[~chosen]
    return list(compress(halves.chunk_ids, chosen)), float(others.max()) if others.size else None


def _may_be_best(lowest: np.ndarray, highest: np.ndarray, wanted: int) -> np.ndarray:
    """Which of these may be among the best `wanted`, by the bounds of their scores."""
    if len(lowest) <= wanted:
        return np.ones(len(lowest), bool)
    chosen: np.ndarray = highest >= np.partition(lowest, -wanted)[-wanted]
    return chosen


async def _score(
    index: Searched,
    collection: Collection,
    vector: np.ndarray,
    halves: _Halves,
    chunk_ids: Sequence[str],
    *,
    wanted: int,
) -> list[tuple[float, str, float, float]]:
    """Give fused score (negative), id, cosine and BM25 of those that are live, best first.

    Without those that cannot be among the best `wanted`, now that all cosines are exact: a BM25
    that words have not found costs more than all else here.
    """
    words, matches = halves.words, halves.matches
    found, matrix = await index.seen.find(index.catalog, collection, chunk_ids)
    cosines = np.clip(matrix @ vector, -1.0, 1.0)
    lowest, highest = (
        halves.fuse(cosines, np.array([words.get(one, other) for one in found]))
        for other in (0.0, matches.floor)
    )
    chosen = _may_be_best(lowest, highest, wanted)
    best = list(compress(found, chosen))
    others = [one for one in best if one not in words] if matches.floor else []
    words = words | await index.lexical.scores(matches, others)
    lexical = np.array([words.get(one, 0.0) for one in best])
    cosines = cosines[chosen]
    fused = halves.fuse(cosines, lexical)
    return sorted(zip((-fused).tolist(), best, cosines.tolist(), lexical.tolist(), strict=True))
