"""`POST /v1/answers`: our own protocol."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from rag_api.asked import Asked
from rag_api.prompt import Turn
from rag_api.requests import AnswerRequest
from rag_api.routes.access import OurParts
from rag_api.routes.asking import begin_answer, finish_answer
from rag_api.routes.described import EVENT_MODELS, NATIVE_EXAMPLE, event_stream, native_errors
from rag_api.routes.resume import LastEventId, read_position, resume_answer
from rag_api.wire.json_line import dump_model
from rag_api.wire.native import Answer, NativeEncoder, view_answer
from rag_api.wire.response import EventStreamResponse

router = APIRouter(tags=["answers"])


@router.post(
    "/v1/answers",
    response_model=Answer,
    responses={
        **event_stream(EVENT_MODELS, named=True, example=NATIVE_EXAMPLE),
        **native_errors(400, 401, 404, 413, 422, 429, 500, 502, 503),
    },
)
async def answer_question(
    asked: AnswerRequest, request: Request, parts: OurParts, last_event_id: LastEventId = None
) -> Response:
    """Answer a question from the documents, streamed or whole, with citations.

    The stream begins with `retrieved` and ends with exactly one `done` or `failed`; one that ends
    without either was cut off: send the same request again with the header `Last-Event-ID`, and it
    goes on behind that event. A comment line breaks each silence of 15 seconds.
    """
    if asked.stream and last_event_id:
        return resume_answer(read_position(last_event_id), parts)
    history = tuple(Turn(turn.role, turn.content) for turn in asked.history)
    wanted = Asked(
        asked.question,
        history,
        asked.collection,
        asked.top_k,
        asked.model,
        options=asked.retrieval,
    )
    policy = asked.on_disconnect or ("detach" if asked.stream else "cancel")
    run = await begin_answer(wanted, parts=parts, request=request, detaches=policy == "detach")
    if asked.stream:
        return EventStreamResponse(run, NativeEncoder(run.id), headers={"X-Answer-Id": run.id})
    whole = view_answer(await finish_answer(run, request), run_id=run.id)
    return Response(dump_model(whole), media_type="application/json")
