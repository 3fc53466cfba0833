"""Questions to what the running API answers, and that to figures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from ingest.evaluate.answer_figures import Given, collect_figures
from ingest.evaluate.api import Api, open_api, open_session, read_url
from ingest.evaluate.dataset import Question
from ingest.evaluate.errors import AnswerFailedError
from ingest.evaluate.evaluation import Answered
from ingest.evaluate.faithful import find_claims, find_supported
from ingest.evaluate.judge import Judge, open_judge
from ingest.evaluate.steps import Tell, counting, do_each
from ingest.evaluate.work import Work
from rag_core.settings import Settings

AT_ONCE = 4
_HOPELESS = (None, 401, 403, 404)
"""Statuses, or none at all, that the next question would get, too."""


@dataclass(frozen=True, slots=True)
class Round:
    """Whom to ask, about what."""

    url: str
    collection: str
    judging: bool


@dataclass(frozen=True, slots=True)
class _Asking:
    api: Api
    judge: Judge | None
    work: Work
    collection: str


@dataclass(frozen=True, slots=True)
class AnswerResults:
    """What came of it."""

    answered: Answered
    metrics: dict[str, float]
    texts: dict[str, str]
    """What was said, by the question's id."""


async def check_answers(settings: Settings, url: str, *, judging: bool) -> None:
    """Make sure, before the searches, that there is somebody to ask afterwards.

    Raises:
        InvalidRequestError: the URL is none.
        ConfigurationError: there is no judge.
        AnswerFailedError: nobody answers there.
    """
    async with open_session() as session:
        if judging:
            open_judge(settings, session)
        await open_api(read_url(url, settings), session, settings).check()


async def ask_answers(work: Work, questions: Sequence[Question], asked: Round) -> AnswerResults:
    """Ask every question, some at once; those that fail are counted.

    Raises:
        InvalidRequestError: the URL is none.
        ConfigurationError: there is no judge.
        AnswerFailedError: the first one failed in a way that all would.
    """
    settings, screen = work.settings, work.screen
    url = read_url(asked.url, settings)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        judge = open_judge(settings, session) if asked.judging else None
        asking = _Asking(open_api(url, session, settings), judge, work, asked.collection)
        tell = stack.enter_context(
            counting(screen.aside, "answers", len(questions), quiet=screen.as_json)
        )
        given = await _ask_all(questions, asking, tell)
    failures = [one.error for one in given if one.error is not None]
    model = next((one.view.model for one in given if one.view is not None), "nobody")
    return AnswerResults(
        Answered(url, model, len(given), len(failures), failures[0] if failures else None),
        collect_figures(given),
        {one.question.id: one.view.answer for one in given if one.view is not None},
    )


async def _ask_all(questions: Sequence[Question], asking: _Asking, tell: Tell) -> list[Given]:
    if not questions:
        return []
    first = await _ask(questions[0], asking)
    if first.error is not None and first.status in _HOPELESS and first.view is None:
        raise AnswerFailedError(first.error)
    rest = await do_each(
        questions[1:],
        lambda question: _ask(question, asking),
        at_once=AT_ONCE,
        stop=asking.work.stop,
        tell=lambda done: tell(1 + done),
    )
    return [first, *rest]


async def _ask(question: Question, asking: _Asking) -> Given:
    view, milliseconds = None, 0.0
    supported: tuple[bool, ...] = ()
    try:
        view, milliseconds = await asking.api.answer(question.text, collection=asking.collection)
        if view.outcome != "answered":
            return Given(question, view, milliseconds)
        claims = find_claims(view)
        supported = tuple(await find_supported(claims, asking.work.index.embedder))
        verdict = None
        if asking.judge is not None:
            verdict = await asking.judge.judge(question, view, claims)
    except AnswerFailedError as error:
        # A judge that fails takes nothing from what was found without it.
        return Given(question, view, milliseconds, supported, error=str(error), status=error.status)
    return Given(question, view, milliseconds, supported, verdict)
