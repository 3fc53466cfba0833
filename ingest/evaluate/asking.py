"""Questions to what the search finds for each of them, and how long it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.evaluate.dataset import Question
from ingest.evaluate.judging import Judged, failed, judge
from ingest.evaluate.steps import Tell, counting
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
    judged: dict[int, Judged] = {}
    waiting = enumerate(questions)
    screen = asking.work.screen
    with counting(screen.aside, "searches", len(questions), quiet=screen.as_json) as tell:
        async with asyncio.TaskGroup() as callers:
            for _ in range(asking.callers):
                callers.create_task(_ask_each(waiting, asking, judged, tell))
    return [judged[position] for position in sorted(judged)]


async def _ask_each(
    waiting: Iterator[tuple[int, Question]],
    asking: Asking,
    judged: dict[int, Judged],
    tell: Tell,
) -> None:
    for position, question in waiting:
        if asking.work.stop.is_set():
            return
        judged[position] = await _ask(question, asking)
        tell(len(judged))


async def _ask(question: Question, asking: Asking) -> Judged:
    began = time.perf_counter()
    try:
        query = Query(question.text, asking.top_k)
        found = await search(asking.work.index, asking.collection, query)
    except InvalidRequestError as error:
        return failed(question, error)
    milliseconds = 1000 * (time.perf_counter() - began)
    return judge(question, found.passages, milliseconds=milliseconds)
