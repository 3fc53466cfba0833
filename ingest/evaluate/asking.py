"""Questions to what the search finds for each of them, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.dataset import Question
from ingest.evaluate.judging import Judged, failed, judge
from ingest.evaluate.steps import counting, do_each
from ingest.evaluate.work import Work
from rag_core.errors import InvalidRequestError
from rag_core.query import Query
from rag_core.search import search

WARM_UP = 3
"""Searches whose time nobody counts: the first one opens what the others share."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a dataset's questions are asked."""

    work: Work
    collection: str
    top_k: int
    callers: int
    """That ask at once."""


async def ask_all(questions: Sequence[Question], asking: Asking) -> list[Judged]:
    """Search for every question; one that cannot be searched is a result, too.

    In the order of the questions; those that were not asked when the stop came are left out.

    Raises:
        RagError: something that the search stands on does not answer.
    """
    for question in questions[:WARM_UP]:
        await _ask(question, asking)
    work, screen = asking.work, asking.work.screen
    with counting(screen.aside, "searches", len(questions), quiet=screen.as_json) as tell:
        return await do_each(
            questions,
            lambda question: _ask(question, asking),
            at_once=asking.callers,
            stop=work.stop,
            tell=tell,
        )


async def _ask(question: Question, asking: Asking) -> Judged:
    began = time.perf_counter()
    try:
        query = Query(question.text, asking.top_k)
        found = await search(asking.work.index, asking.collection, query)
    except InvalidRequestError as error:
        return failed(question, error)
    milliseconds = 1000 * (time.perf_counter() - began)
    return judge(question, found.passages, milliseconds=milliseconds)
