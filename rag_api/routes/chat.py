"""`POST /v1/chat/completions`: the same answers for every client of OpenAI's protocol."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from rag_api.requests import ChatRequest
from rag_api.routes.access import OurParts
from rag_api.routes.asking import begin_answer, finish_answer
from rag_api.routes.described import event_stream, openai_errors
from rag_api.routes.messages import read_instructions, read_messages
from rag_api.routes.tasks import begin_task, read_task
from rag_api.wire.json_line import dump_model
from rag_api.wire.openai_chat import ChatEncoder, view_completion
from rag_api.wire.openai_objects import ChatChunk, ChatCompletion
from rag_api.wire.response import EventStreamResponse

_PREFIX = "chatcmpl-"
_EXAMPLE = """\
data: {"id":"chatcmpl-5f0c","object":"chat.completion.chunk","created":1763769600,"model":"rag",\
"choices":[{"index":0,"delta":{"content":"Nothing is"},"logprobs":null,"finish_reason":null}]}

data: [DONE]

"""

router = APIRouter(tags=["OpenAI"])


@router.post(
    "/v1/chat/completions",
    response_model=ChatCompletion,
    responses={
        **event_stream([ChatChunk], named=False, example=_EXAMPLE),
        **openai_errors(400, 401, 404, 413, 429, 500, 502, 503),
    },
)
async def complete_chat(asked: ChatRequest, request: Request, parts: OurParts) -> Response:
    """Answer the last user message; what is before it is its history.

    Whatever else a client sends (tools, temperatures, system messages) is accepted and ignored.
    The chunk with a `finish_reason` carries the citations. A failure in mid-stream is an event
    with `error`, and no `[DONE]`. What Open WebUI and LobeChat ask on the side (for a title or
    tags) is done without retrieval.
    """
    question = read_messages(asked)
    task = read_task(question.question, instructions=read_instructions(asked))
    if task is None:
        # OpenAI's clients cannot come back to a cut stream: they ask again.
        run = await begin_answer(question, parts=parts, request=request, detaches=False)
    else:
        run = await begin_task(task, asked=question, parts=parts, request=request)
    if asked.stream:
        options = asked.stream_options
        encoder = ChatEncoder(
            _PREFIX + run.id,
            model=asked.model,
            created=run.created_at,
            include_usage=options is not None and bool(options.include_usage),
        )
        return EventStreamResponse(run, encoder)
    completed = await finish_answer(run, request)
    whole = view_completion(
        completed, completion_id=_PREFIX + run.id, model=asked.model, created=run.created_at
    )
    return Response(dump_model(whole), media_type="application/json")
