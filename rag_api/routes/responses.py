"""`/v1/responses`: the same answers for every client of OpenAI's Responses; these may come back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from rag_api.openai_requests import ResponseRequest
from rag_api.routes.access import OurParts
from rag_api.routes.asking import begin_answer, finish_answer
from rag_api.routes.conversation import find_head, find_run, read_request, remember, view_run
from rag_api.routes.described import event_stream, openai_errors
from rag_api.wire.json_line import dump_model
from rag_api.wire.openai_responses import ResponsesEncoder
from rag_api.wire.response import EventStreamResponse
from rag_api.wire.responses_draft import view_completed
from rag_api.wire.responses_objects import RESPONSE_EVENTS, ResponseObject

_EXAMPLE = """\
event: response.created
data: {"sequence_number":0,"type":"response.created","response":{"id":"resp_5f0c",…}}

event: response.output_text.delta
data: {"sequence_number":4,"type":"response.output_text.delta","item_id":"msg_5f0c",…,"delta":"It"}

event: response.completed
data: {"sequence_number":99,"type":"response.completed","response":{"id":"resp_5f0c",…}}

"""
_STREAM = event_stream(RESPONSE_EVENTS, named=True, has_ids=False, example=_EXAMPLE)

router = APIRouter(tags=["OpenAI"])


@router.post(
    "/v1/responses",
    response_model=ResponseObject,
    responses={**_STREAM, **openai_errors(400, 401, 404, 413, 429, 500, 502, 503)},
)
async def create_response(asked: ResponseRequest, request: Request, parts: OurParts) -> Response:
    """Answer the user's last message; what is before it is its history.

    Whatever else a client sends (tools, temperatures, instructions) is accepted and has no effect.
    A cut stream goes on at `GET /v1/responses/{id}?stream=true&starting_after=N`. A failure in
    mid-stream is `response.failed`, then `error`.
    """
    wanted = read_request(asked, parts)
    stays = bool(asked.stream) and asked.store is not False
    run = await begin_answer(wanted, parts=parts, request=request, detaches=stays)
    head = remember(run, asked, wanted.history)
    if asked.stream:
        return EventStreamResponse(run, ResponsesEncoder(head, run.log))
    return _write(view_completed(head, await finish_answer(run, request), run.log))


@router.get(
    "/v1/responses/{response_id}",
    response_model=ResponseObject,
    responses={**_STREAM, **openai_errors(400, 401, 404, 500)},
)
async def read_response(
    response_id: str,
    parts: OurParts,
    *,
    stream: Annotated[bool, Query(description="Events, from the first one on.")] = False,
    starting_after: Annotated[
        int | None, Query(description="Only events with a higher `sequence_number`.")
    ] = None,
) -> Response:
    """Read a response as it is now, or follow it; it is kept for five minutes after its end.

    It may have been begun through any of the protocols: `resp_` stands before the run's id.
    """
    run = find_run(response_id, parts)
    if not stream:
        return _write(view_run(run))
    after = -1 if starting_after is None else starting_after
    return EventStreamResponse(run, ResponsesEncoder(find_head(run), run.log, after=after))


@router.post(
    "/v1/responses/{response_id}/cancel",
    response_model=ResponseObject,
    responses=openai_errors(400, 401, 404, 500),
)
async def cancel_response(response_id: str, parts: OurParts) -> Response:
    """Cancel a response: its readers are told, the request to the chat model is closed.

    Cancelling a response that has ended changes nothing.
    """
    run = find_run(response_id, parts)
    await run.stop()
    return _write(view_run(run))


def _write(response: ResponseObject) -> Response:
    return Response(dump_model(response), media_type="application/json")
