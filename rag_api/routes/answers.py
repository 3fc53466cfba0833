"""`POST /v1/answers` and `POST /v1/search`: our own protocol."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response

from rag_api.prompt import Turn
from rag_api.requests import AnswerRequest, SearchAnswer, SearchRequest
from rag_api.routes.access import OurParts
from rag_api.routes.described import EVENT_MODELS, event_stream, native_errors
from rag_api.routes.retrieval import (
    Asked,
    begin_answer,
    check_length,
    find_passages,
    finish_answer,
)
from rag_api.wire.json_line import dump_model
from rag_api.wire.native import Answer, NativeEncoder, view_answer
from rag_api.wire.response import EventStreamResponse

_EXAMPLE = """\
event: retrieved
id: 5f0c2a9be1d34c77:1
data: {"type":"retrieved","question":"…","query":"…","collection":"default","passages":[…]}

event: delta
id: 5f0c2a9be1d34c77:2
data: {"type":"delta","text":"Nothing is embedded twice [1]"}

event: cited
id: 5f0c2a9be1d34c77:3
data: {"type":"cited","citation":{"number":1,…}}

event: done
id: 5f0c2a9be1d34c77:4
data: {"type":"done","outcome":"answered","finish_reason":"stop","model":"…",…}

"""

router = APIRouter(tags=["answers"])


@router.post(
    "/v1/answers",
    response_model=Answer,
    responses={
        **event_stream(EVENT_MODELS, named=True, example=_EXAMPLE),
        **native_errors(400, 401, 404, 413, 422, 429, 500, 502, 503),
    },
)
async def answer_question(asked: AnswerRequest, request: Request, parts: OurParts) -> Response:
    """Answer a question from the documents, streamed or whole, with citations.

    The stream begins with `retrieved` and ends with exactly one `done` or `failed`; one that ends
    without either was cut off. A comment line breaks each silence of 15 seconds.
    """
    history = tuple(Turn(turn.role, turn.content) for turn in asked.history)
    wanted = Asked(asked.question, history, asked.collection, asked.top_k, asked.model)
    stream = await begin_answer(wanted, parts=parts, request=request)
    run_id = secrets.token_hex(8)
    if asked.stream:
        return EventStreamResponse(stream, NativeEncoder(run_id))
    whole = view_answer(await finish_answer(stream, request), run_id=run_id)
    return Response(dump_model(whole), media_type="application/json")


@router.post("/v1/search", responses=native_errors(400, 401, 404, 413, 422, 500, 502, 503))
async def search_passages(wanted: SearchRequest, request: Request, parts: OurParts) -> SearchAnswer:
    """Find the passages that fit a query, without an answer."""
    check_length(wanted.query)
    collection = wanted.collection or parts.settings.collection
    passages = await find_passages(
        wanted.query, collection=collection, top_k=wanted.top_k, parts=parts, request=request
    )
    return SearchAnswer(query=wanted.query, collection=collection, passages=passages)
