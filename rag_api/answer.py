"""Question, passages and history → the events of one answer, exactly one terminal event last."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from rag_api import extractive
from rag_api.abstention import DOUBT, explain_misfit, explain_nothing, find_nearest, fits
from rag_api.chat import Chat, Finish, Text
from rag_api.citations import CitationFinder
from rag_api.events import AnswerStream, Delta, Done, Failed, Outcome, Retrieved
from rag_api.fallback import Rest, fall_back
from rag_api.prompt import Prompt, Turn, build_prompt, check_length, make_budget
from rag_core.embedding import Embedder
from rag_core.errors import (
    ChatUnavailableError,
    InvalidRequestError,
    RagError,
    UnavailableError,
    find_retry_after,
)
from rag_core.tokens import TokenCounter

_LOG = logging.getLogger(__name__)
_UNFORESEEN = "InternalError"


@dataclass(frozen=True, slots=True)
class ModelAnswerer:
    """Answers with a chat model."""

    chat: Chat
    counter: TokenCounter
    context_tokens: int
    """Of prompt and answer together."""
    fallback: Answerer | None = None
    """Answers when the chat model fails."""
    rest: Rest = field(default_factory=Rest)

    @property
    def model(self) -> str:
        """The model's name, for the events."""
        return self.chat.model


@dataclass(frozen=True, slots=True)
class ExtractiveAnswerer:
    """Answers with sentences quoted from the passages."""

    embedder: Embedder
    why: str = extractive.NO_MODEL
    """Why no chat model answers, for the reader."""

    @property
    def model(self) -> str:
        """What stands in the events in place of a model's name."""
        return extractive.MODEL


Answerer = ModelAnswerer | ExtractiveAnswerer


def check_question(question: str, *, answerer: Answerer) -> None:
    """Refuse, before anything is searched, a question that cannot be answered.

    Raises:
        InvalidRequestError: it is empty, or too long for the model.
    """
    if not question.strip():
        raise InvalidRequestError("the question is empty")
    if isinstance(answerer, ModelAnswerer):
        check_length(question, make_budget(answerer.counter, answerer.context_tokens, None))


async def answer(
    retrieved: Retrieved,
    *,
    history: Sequence[Turn],
    answerer: Answerer,
    max_tokens: int | None = None,
    abstains: bool = False,
) -> AnswerStream:
    """Give the events of one answer as they become ready, the Retrieved first.

    `abstains`: a chat model is not asked when no passage has the least score.

    Raises nothing but what cancels it: a failure is a Failed. Closing the generator closes the
    connection to the model's server at once.
    """
    yield (retrieved,)
    ended = False
    try:
        if abstains and retrieved.passages and not fits(retrieved):
            producing = _abstain(retrieved, answerer.model)
        else:
            producing = _produce(retrieved, history, answerer, max_tokens)
        async with aclosing(producing) as produced:
            async for events in produced:
                ended = isinstance(events[-1], Done)
                yield events
    except RagError as error:
        _LOG.warning("answer failed: %s", error)
        failed = describe_failure(error)
    # The client has begun to read: whatever went wrong, it must be told in an event.
    except Exception:  # noqa: BLE001 - the door between our faults and the client
        _LOG.exception("answer failed in a way that nobody foresaw")
        failed = Failed(error=_UNFORESEEN, detail="the answer failed; see the log", retryable=False)
    else:
        return
    if not ended:
        yield (failed,)


def describe_failure(error: RagError) -> Failed:
    """The terminal event of an answer that this error ended."""
    return Failed(
        error=type(error).__name__,
        detail="; ".join([str(error), *getattr(error, "__notes__", ())]),
        retryable=isinstance(error, UnavailableError),
        retry_after_seconds=find_retry_after(error),
    )


def _produce(
    retrieved: Retrieved, history: Sequence[Turn], answerer: Answerer, max_tokens: int | None
) -> AnswerStream:
    if not retrieved.passages:
        return _say_nothing_found(retrieved, answerer.model)
    if isinstance(answerer, ExtractiveAnswerer):
        return _quote(retrieved, answerer)
    fallback = answerer.fallback
    if fallback is None:
        return _ask(answerer, retrieved, history, max_tokens)
    other = partial(_produce, retrieved, history, fallback, max_tokens)
    if answerer.rest.is_due():
        return other()
    asked = _ask(answerer, retrieved, history, max_tokens)
    return fall_back(asked, other, model=fallback.model, rest=answerer.rest)


def _ask(
    answerer: ModelAnswerer,
    retrieved: Retrieved,
    history: Sequence[Turn],
    max_tokens: int | None,
) -> AnswerStream:
    budget = make_budget(answerer.counter, answerer.context_tokens, max_tokens)
    prompt = build_prompt(
        retrieved.question,
        history=history,
        passages=retrieved.passages,
        budget=budget,
        note="" if fits(retrieved) else DOUBT,
        weights=retrieved.collections,
    )
    return _relay(answerer, prompt, budget.answer_tokens)


async def _relay(answerer: ModelAnswerer, prompt: Prompt, max_tokens: int) -> AnswerStream:
    finder = CitationFinder(prompt.passages)
    texts: list[str] = []
    finish: Finish | None = None
    async with aclosing(answerer.chat.stream(prompt.messages, max_tokens=max_tokens)) as parts:
        async for part in parts:
            if finish is not None:
                continue
            if isinstance(part, Text):
                texts.append(part.text)
                yield tuple(finder.feed(part.text))
            else:
                finish = part
                cited = finder.finish()
                done = _complete(answerer, prompt, texts, finish, cited=finder.cited)
                yield *cited, done
    if finish is None:
        raise ChatUnavailableError(f"the chat model {answerer.model!r} ended without a finish")


def _complete(
    answerer: ModelAnswerer, prompt: Prompt, texts: Sequence[str], finish: Finish, *, cited: int
) -> Done:
    """The terminal event; what the server did not count, we count."""
    usage = finish.usage
    # Who answers from the passages cites them: the model was told so.
    answered = cited or finish.reason != "stop"
    return Done(
        outcome="answered" if answered else "insufficient",
        finish_reason=finish.reason,
        model=answerer.model,
        input_tokens=prompt.tokens if usage is None else usage.input_tokens,
        output_tokens=(
            answerer.counter.count("".join(texts)) if usage is None else usage.output_tokens
        ),
        nearest=() if answered else find_nearest(prompt.passages),
    )


async def _quote(retrieved: Retrieved, answerer: ExtractiveAnswerer) -> AnswerStream:
    found = await extractive.extract(retrieved, answerer.embedder, why=answerer.why)
    for piece in found.pieces:
        yield piece
    yield (_stop(retrieved, answerer.model, found.outcome),)


async def _abstain(retrieved: Retrieved, model: str) -> AnswerStream:
    yield (Delta(text=explain_misfit(retrieved)), _stop(retrieved, model, "insufficient"))


async def _say_nothing_found(retrieved: Retrieved, model: str) -> AnswerStream:
    why, outcome = explain_nothing(retrieved)
    yield (Delta(text=why), _stop(retrieved, model, outcome))


def _stop(retrieved: Retrieved, model: str, outcome: Outcome) -> Done:
    """The end of an answer that took no model, and so no tokens."""
    return Done(
        outcome=outcome,
        finish_reason="stop",
        model=model,
        input_tokens=0,
        output_tokens=0,
        nearest=find_nearest(retrieved.passages) if outcome == "insufficient" else (),
    )
