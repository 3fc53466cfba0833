"""Passages in the order of a search → in the order of a reranker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag_core.documents import Passage, indexed_text, weigh
from rag_core.errors import UnavailableError
from rag_core.rerank import Reranker


async def rerank_passages(
    reranker: Reranker,
    query: str,
    passages: Sequence[Passage],
    *,
    weights: Mapping[str, float],
    timeout_seconds: float,
) -> list[Passage]:
    """Give the passages their `rerank_score`, best first; equals stay in their order.

    What counts is the score times the weight of a passage's collection, 1 when it has none. The
    model reads what both halves of the search index: title and headings, then the text.

    Raises:
        UnavailableError: the reranker does not answer in time, or not well.
    """
    texts = [indexed_text(one.title, one.heading_path, one.text) for one in passages]
    try:
        async with asyncio.timeout(timeout_seconds):
            scores = await reranker.rerank(query, texts)
    except TimeoutError as error:
        raise UnavailableError(
            f"the reranker {reranker.name!r} took longer than {timeout_seconds:g} s for "
            f"{len(texts)} passages (RERANK_TIMEOUT_SECONDS, RERANK_CANDIDATES)"
        ) from error
    scored = [
        replace(passage, rerank_score=score)
        for passage, score in zip(passages, scores, strict=True)
    ]
    return sorted(scored, key=lambda one: weigh(one, weights), reverse=True)
