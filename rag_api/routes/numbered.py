"""A run as a stream of numbered parts: from its first, or behind the last that a client has."""

from __future__ import annotations

from contextlib import suppress

from fastapi import Response

from rag_api.answer import describe_failure
from rag_api.answer_errors import AnswerNotFoundError
from rag_api.events import Gap
from rag_api.parts import Parts
from rag_api.routes.resume import Position, read_position
from rag_api.runs import Run
from rag_api.wire.response import EVENT_STREAM_HEADERS, EventStreamResponse
from rag_api.wire.ui_parts import UI_HEADERS, NumberedEncoder, write_error
from rag_core.errors import RagError

_HEADERS = {**EVENT_STREAM_HEADERS, **UI_HEADERS}
_NO_RUN = "none"


def stream_run(run: Run, *, after: int = 0) -> Response:
    """Send the parts behind the one with this number, then those to come."""
    return EventStreamResponse(run, NumberedEncoder(run.id, after=after), headers=UI_HEADERS)


def tell_failure(error: RagError) -> Response:
    """Say in a part why no run was begun; its id is that of none, so that nothing follows it."""
    told = NumberedEncoder(_NO_RUN).encode((describe_failure(error),))
    return Response(told, headers=_HEADERS)


def go_on_for_get(last_event_id: str, parts: Parts) -> Response:
    """The rest of an answer for EventSource, which nothing but a 204 keeps from coming back."""
    with suppress(AnswerNotFoundError):
        if rest := _go_on(read_position(last_event_id), parts):
            return rest
    return Response(status_code=204)


def go_on_for_post(last_event_id: str, parts: Parts) -> Response:
    """The rest of an answer for fetch-event-source, which takes a 204 for a fault."""
    try:
        rest = _go_on(read_position(last_event_id), parts)
    except AnswerNotFoundError as error:
        return Response(write_error(str(error)), headers=_HEADERS)
    return rest or Response(headers=_HEADERS)


def _go_on(position: Position, parts: Parts) -> Response | None:
    """The rest of an answer, which is never begun anew; None when the client has all of it.

    Raises:
        AnswerNotFoundError: it is kept no more, or not from its beginning.
    """
    run = parts.runs.find(position.run_id)
    kept = run.log.take_all()
    if any(isinstance(event, Gap) for event in kept[:1]):
        raise AnswerNotFoundError(position.run_id)
    encoder = NumberedEncoder(run.id, after=position.number)
    if run.log.ended and not encoder.encode(kept):
        return None
    return stream_run(run, after=position.number)
