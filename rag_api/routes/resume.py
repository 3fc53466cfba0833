"""`Last-Event-ID` → the rest of an answer, for a client that was cut off; and its end on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Response

from rag_api.answer import describe_failure
from rag_api.answer_errors import AnswerNotFoundError
from rag_api.parts import Parts
from rag_api.requests import RunView
from rag_api.routes.access import OurParts
from rag_api.routes.described import EVENT_MODELS, NATIVE_EXAMPLE, event_stream, native_errors
from rag_api.runs import CANCELLED, Run
from rag_api.wire.native import NativeEncoder
from rag_api.wire.response import EVENT_STREAM_HEADERS, EventStreamResponse

_MOST_DIGITS = 18

router = APIRouter(tags=["answers"])

LastEventId = Annotated[
    str | None,
    # Sent by browsers of themselves; nothing that a caller of the API would fill in.
    Header(alias="Last-Event-ID", include_in_schema=False),
]


@dataclass(frozen=True, slots=True)
class Position:
    """The last event that a client has."""

    run_id: str
    number: int
    """Of the event, from 1; 0 stands before the first."""


def read_position(last_event_id: str) -> Position:
    """Read an event id `<run>:<number>`; what is none stands before the first event of no run."""
    run_id, _, number = last_event_id.strip().rpartition(":")
    # Python reads no number of thousands of digits.
    plain = number.isdecimal() and len(number) <= _MOST_DIGITS
    return Position(run_id, int(number)) if plain else Position("", 0)


def resume_answer(position: Position, parts: Parts) -> Response:
    """Go on behind the last event that the client has; a run that is gone is never begun anew."""
    try:
        run = parts.runs.find(position.run_id)
    except AnswerNotFoundError as error:
        encoder = NativeEncoder(position.run_id, after=position.number)
        body = encoder.encode((describe_failure(error),))
        return Response(body, headers=EVENT_STREAM_HEADERS)
    return _stream_behind(run, position.number)


@router.get(
    "/v1/answers/{answer_id}/events",
    response_class=Response,
    responses={
        **event_stream(EVENT_MODELS, named=True, example=NATIVE_EXAMPLE),
        204: {"description": "The client has all events: browsers stop coming back."},
        **native_errors(401, 404, 422, 500),
    },
)
async def follow_answer(
    answer_id: str, parts: OurParts, last_event_id: LastEventId = None
) -> Response:
    """Read an answer's events from the beginning, or behind `Last-Event-ID`; then as they come.

    Any number of clients may follow one answer. It is kept for five minutes after its end.
    """
    run = parts.runs.find(answer_id)
    after = 0 if last_event_id is None else read_position(last_event_id).number
    if run.log.ended and after >= run.log.last:
        return Response(status_code=204)
    return _stream_behind(run, after)


@router.post("/v1/answers/{answer_id}/cancel", responses=native_errors(401, 404, 422, 500))
async def cancel_answer(answer_id: str, parts: OurParts) -> RunView:
    """Cancel an answer: its readers get `failed`, the request to the chat model is closed.

    Cancelling an answer that has ended changes nothing.
    """
    run = parts.runs.find(answer_id)
    await run.stop(CANCELLED)
    return RunView(id=run.id, status="ended")


def _stream_behind(run: Run, number: int) -> Response:
    # A number that is still to come was made up: events keep their own.
    after = min(number, run.log.last)
    return EventStreamResponse(run, NativeEncoder(run.id, after=after), after=after)
