"""A query → the passages that are shown: searched, reranked, varied, merged, put in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag_api.context import Stretch, diversify, merge_touching, order_by_document
from rag_api.duplicates import drop_duplicates
from rag_api.parts import Parts
from rag_api.reranking import Ordered
from rag_api.retrieval_options import RetrievalOptions
from rag_core.documents import Passage
from rag_core.query import Found, Query

_SPARE = 4
"""More than twice as many passages are searched as wanted: some are merged, some are copies."""
_DEEPER = 4
"""Times as many the next time, when most of them were."""
_MOST_CANDIDATES = 1_000
_MOST_CHARACTERS = 4_000
"""Of a merged passage."""
_SHARE_OF_CONTEXT = 3 / 8
"""Of the model's tokens, in characters: the most that a merged passage takes of a small context."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The passages that are shown for a query."""

    passages: Sequence[Passage]
    found: Found
    """What they were made of, and all else that the search told."""
    reranked_by: str | None
    warnings: tuple[str, ...]
    reranking_seconds: float | None
    """None when no reranker was asked."""


async def choose_passages(
    query: Query,
    *,
    collections: Mapping[str, float],
    options: RetrievalOptions,
    parts: Parts,
    in_document_order: bool,
) -> Chosen:
    """Find at most `query.top_k` passages, best first or, document by document, in their order.

    Raises:
        RagError: it cannot be searched.
    """
    limit = min(_MOST_CHARACTERS, int(parts.settings.chat_context_tokens * _SHARE_OF_CONTEXT))
    reranking = parts.reranking if options.rerank else None
    wanted = max(2 * query.top_k + _SPARE, reranking.candidates if reranking else 0)
    found, distinct = await _search(query, wanted, limit, collections=collections, parts=parts)
    ordered, seconds = Ordered(distinct), None
    if reranking is not None:
        began = time.perf_counter()
        ordered = await reranking.order(query, distinct, weights=collections)
        seconds = time.perf_counter() - began
    passages = await _vary(ordered.passages, collections, options, parts)
    stretches = merge_touching(passages, most=query.top_k, max_characters=limit)
    if in_document_order:
        stretches = order_by_document(stretches)
    shown = await _read(stretches, parts)
    return Chosen(shown, found, ordered.reranked_by, ordered.warnings, seconds)


async def _vary(
    passages: Sequence[Passage],
    weights: Mapping[str, float],
    options: RetrievalOptions,
    parts: Parts,
) -> Sequence[Passage]:
    if not options.diversity or not passages:
        return passages
    vectors = await parts.library.read_vectors([one.chunk_id for one in passages])
    return diversify(passages, vectors, weights=weights, diversity=options.diversity)


async def _search(
    query: Query, wanted: int, limit: int, *, collections: Mapping[str, float], parts: Parts
) -> tuple[Found, list[Passage]]:
    """Search deeper until enough passages are left when copies are dropped and others merged."""
    while True:
        found = await parts.library.search(replace(query, top_k=wanted), collections=collections)
        distinct = drop_duplicates(found.passages)
        left = merge_touching(distinct, most=query.top_k, max_characters=limit)
        exhausted = len(found.passages) < wanted or wanted >= _MOST_CANDIDATES
        if len(left) == query.top_k or exhausted:
            return found, distinct
        wanted = min(wanted * _DEEPER, _MOST_CANDIDATES)


async def _read(stretches: Sequence[Stretch], parts: Parts) -> list[Passage]:
    """Make passages of them; of a version that is gone meanwhile, no more than was found."""
    merged = [(one.best.document_id, one.start, one.end) for one in stretches if one.is_merged]
    texts = iter(await parts.library.read_stretches(merged) if merged else ())
    passages = []
    for one in stretches:
        text = next(texts) if one.is_merged else None
        passages.append(one.best if text is None else one.as_passage(text))
    return passages
