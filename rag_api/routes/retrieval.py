"""From a question to the passages that it is answered from; what fails here becomes a status."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rag_api.answer import check_question
from rag_api.asked import Asked
from rag_api.choose import Chosen, choose_passages
from rag_api.events import PassageView, Retrieved, Timings, view_passage
from rag_api.parts import Parts
from rag_api.requests import MAX_QUESTION_CHARACTERS
from rag_api.rewrite import Rewriting, rewrite
from rag_api.routes.access import passage_url
from rag_core.errors import InvalidRequestError, RequestTooLargeError
from rag_core.query import Query


async def retrieve(asked: Asked, *, parts: Parts, base_url: str) -> Retrieved:
    """Find what answers a question; every failure is raised, so that it becomes a status.

    Raises:
        RequestTooLargeError: the question is too long.
        RagError: it cannot be searched.
    """
    check_length(asked.question)
    check_question(asked.question, answerer=parts.find_answerer(asked.model))
    return await search(asked, parts=parts, base_url=base_url, in_document_order=True)


async def search(
    asked: Asked, *, parts: Parts, base_url: str, in_document_order: bool = False
) -> Retrieved:
    """Find the passages that fit what is asked, numbered from 1, best first.

    In document order the best document comes first, and its passages as they stand in it.

    Raises:
        RagError: it cannot be searched.
    """
    collections = choose_collections(asked, parts)
    options = asked.options
    rewriting = Rewriting(options.rewrite == "auto", options.variants, options.hyde)
    began = time.perf_counter()
    answerer = parts.find_answerer(asked.model)
    rewritten = await rewrite(asked.question, asked.history, rewriting, answerer)
    rewritten_at = time.perf_counter()
    query = Query(rewritten.query, asked.top_k, rewritten.queries[1:], options.filter)
    chosen = await choose_passages(
        query,
        collections=collections,
        options=options,
        parts=parts,
        in_document_order=in_document_order,
    )
    return Retrieved(
        question=asked.question,
        query=rewritten.query,
        queries=rewritten.queries,
        rewritten_by=rewritten.written_by,
        warnings=(*rewritten.warnings, *chosen.warnings),
        collection=next(iter(collections)),
        collections=dict(collections),
        passages=_number(chosen, parts=parts, base_url=base_url),
        least_score=chosen.found.least_score,
        best_score=max((one.fused_score for one in chosen.found.passages), default=None),
        empty=chosen.found.empty,
        reranked_by=chosen.reranked_by,
        timings=_time(began, rewritten_at, chosen),
    )


def _number(chosen: Chosen, *, parts: Parts, base_url: str) -> tuple[PassageView, ...]:
    return tuple(
        view_passage(
            passage, number=number, url=passage_url(passage, parts=parts, base_url=base_url)
        )
        for number, passage in enumerate(chosen.passages, start=1)
    )


def _time(began: float, rewritten_at: float, chosen: Chosen) -> Timings:
    reranking = chosen.reranking_seconds
    searching = time.perf_counter() - rewritten_at
    return Timings(
        rewriting_milliseconds=_milliseconds(rewritten_at - began),
        searching_milliseconds=_milliseconds(
            searching if reranking is None else searching - reranking
        ),
        reranking_milliseconds=None if reranking is None else _milliseconds(reranking),
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def choose_collections(asked: Asked, parts: Parts) -> Mapping[str, float]:
    """Name the collections to search, each with its weight.

    Raises:
        InvalidRequestError: they are named in two ways.
    """
    several = asked.options.collections
    if several is None:
        return {asked.collection or parts.settings.collection: 1.0}
    if asked.collection is not None:
        raise InvalidRequestError(
            "name the collection in 'collection', or several in 'retrieval.collections', not both"
        )
    return several


def check_length(question: str) -> None:
    """Raise RequestTooLargeError when a question is longer than we search."""
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise RequestTooLargeError(
            f"the question has {len(question):,} characters, the limit is "
            f"{MAX_QUESTION_CHARACTERS:,}"
        )
