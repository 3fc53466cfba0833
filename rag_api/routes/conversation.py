"""A run as OpenAI's response: what its request asked for, and what has become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_api.answer_errors import (
    AnswerNotFoundError,
    EventsDroppedError,
    PreviousAnswerMissingError,
)
from rag_api.asked import Asked
from rag_api.openai_requests import ResponseRequest
from rag_api.parts import Parts
from rag_api.prompt import Turn
from rag_api.routes.messages import find_question, read_turns
from rag_api.routes.models import MODEL
from rag_api.runs import Run
from rag_api.wire.responses_draft import RESPONSE_PREFIX, read_log
from rag_api.wire.responses_objects import ResponseObject


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What a run keeps of a request for a response."""

    head: ResponseObject
    history: tuple[Turn, ...]


def find_run(response_id: str, parts: Parts) -> Run:
    """The run of a response, whichever protocol began it.

    Raises:
        AnswerNotFoundError: there is none any more.
    """
    return parts.runs.find(response_id.removeprefix(RESPONSE_PREFIX))


def read_request(asked: ResponseRequest, parts: Parts) -> Asked:
    """Find the question, and its history: that of the previous response first.

    Raises:
        InvalidRequestError: there is no question, or no such previous response.
    """
    question, history = find_question(read_turns(asked.input))
    return Asked(
        question,
        (*_read_previous(asked.previous_response_id, parts), *history),
        asked.collection,
        model=asked.model,
        # As with the chat completions, 0 and -1 are no limit.
        max_tokens=asked.max_output_tokens if (asked.max_output_tokens or 0) > 0 else None,
        options=asked.retrieval,
    )


def remember(run: Run, asked: ResponseRequest, history: tuple[Turn, ...]) -> ResponseObject:
    """Let a run that has just begun keep the request; gives the response as it begins."""
    head = ResponseObject(
        id=f"{RESPONSE_PREFIX}{run.id}",
        created_at=run.created_at,
        model=MODEL.id if asked.model is None else asked.model,
        previous_response_id=asked.previous_response_id,
        instructions=asked.instructions,
        max_output_tokens=asked.max_output_tokens,
        store=asked.store is not False,
        metadata=asked.metadata or {},
    )
    size = len(asked.instructions or "") + sum(len(turn.content) for turn in history)
    run.remember(_Remembered(head, history), size_bytes=size)
    return head


def find_head(run: Run) -> ResponseObject:
    """The response as it began; of a run that another protocol began, what can be said."""
    return _recall(run).head


def view_run(run: Run) -> ResponseObject:
    """The response as it is now.

    Raises:
        EventsDroppedError: the answer is so long that its beginning is kept no more.
    """
    return read_log(find_head(run), run.log).view()


def _read_previous(response_id: str | None, parts: Parts) -> Sequence[Turn]:
    if response_id is None:
        return ()
    try:
        run = find_run(response_id, parts)
        kept = _recall(run)
        said = read_log(kept.head, run.log)
    except (AnswerNotFoundError, EventsDroppedError) as error:
        raise PreviousAnswerMissingError(response_id) from error
    turns = (*kept.history, Turn("user", said.question), Turn("assistant", said.text))
    return [turn for turn in turns if turn.content]


def _recall(run: Run) -> _Remembered:
    if isinstance(run.request, _Remembered):
        return run.request
    head = ResponseObject(
        id=f"{RESPONSE_PREFIX}{run.id}", created_at=run.created_at, model=MODEL.id
    )
    return _Remembered(head, ())
