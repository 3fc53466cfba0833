"""`/api/ask`: a question in, a stream out that may be cut, for EventSource and its like.

They come back to a cut stream with the request that began it and `Last-Event-ID`. That header
counts before all else, or each return would ask the model again.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from rag_api.asked import Asked
from rag_api.requests import AskQuery, AskRequest
from rag_api.routes.access import OurParts, require_key
from rag_api.routes.asking import begin_at_once
from rag_api.routes.described_ui import ASK_STREAM, NOTHING_LEFT, stream_errors
from rag_api.routes.numbered import go_on_for_get, go_on_for_post, stream_run, tell_failure
from rag_api.routes.resume import LastEventId
from rag_api.routes.retrieval import check_length
from rag_api.routes.stream_tokens import require_key_or_token
from rag_core.errors import InvalidRequestError, OverloadedError

router = APIRouter()


@router.get(
    "/api/ask",
    response_class=Response,
    responses={**ASK_STREAM, **NOTHING_LEFT, **stream_errors(400, 401, 413, 422, 500)},
    dependencies=[Depends(require_key_or_token)],
)
async def ask_by_url(
    asked: Annotated[AskQuery, Query()],
    request: Request,
    parts: OurParts,
    last_event_id: LastEventId = None,
) -> Response:
    """Answer a question for a browser's EventSource: the same parts as of `/api/chat`, numbered.

    EventSource comes back after every end; a 204 then stops it. Whatever goes wrong after the
    request was understood is a part `error`, since it shows no status to its page.
    """
    if last_event_id:
        return go_on_for_get(last_event_id, parts)
    _refuse_repeats(request)
    try:
        run = await begin_at_once(_read(asked), parts=parts, request=request)
    except OverloadedError as error:
        return tell_failure(error)
    return stream_run(run)


def _refuse_repeats(request: Request) -> None:
    """Of a parameter that stands there twice the framework would take the last one."""
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if count > 1:
            raise InvalidRequestError(f"the parameter {name!r} is given {count} times")


@router.post(
    "/api/ask",
    response_class=Response,
    responses={**ASK_STREAM, **stream_errors(400, 401, 413, 422, 500, 503)},
    dependencies=[Depends(require_key)],
)
async def ask_by_post(
    asked: AskRequest, request: Request, parts: OurParts, last_event_id: LastEventId = None
) -> Response:
    """Answer a question for fetch-event-source, which comes back by the same POST.

    It takes a 204 for a fault and tries again for ever: when nothing is left the stream is empty.
    """
    if last_event_id:
        return go_on_for_post(last_event_id, parts)
    return stream_run(await begin_at_once(_read(asked), parts=parts, request=request))


def _read(asked: AskQuery | AskRequest) -> Asked:
    check_length(asked.q)
    return Asked(asked.q, (), asked.collection, asked.top_k, asked.model, options=asked.retrieval)
