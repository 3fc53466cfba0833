"""`POST /v1/chat/completions`: the same answers for every client of OpenAI's protocol."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from rag_api.prompt import Turn
from rag_api.requests import ChatRequest, ChatRequestMessage
from rag_api.routes.access import OurParts
from rag_api.routes.described import event_stream, openai_errors
from rag_api.routes.retrieval import Asked, begin_answer, finish_answer
from rag_api.wire.json_line import dump_model
from rag_api.wire.openai_chat import ChatEncoder, view_completion
from rag_api.wire.openai_objects import ChatChunk, ChatCompletion
from rag_api.wire.response import EventStreamResponse
from rag_core.errors import InvalidRequestError

_EXAMPLE = """\
data: {"id":"chatcmpl-5f0c","object":"chat.completion.chunk","created":1763769600,"model":"rag",\
"choices":[{"index":0,"delta":{"content":"Nothing is"},"logprobs":null,"finish_reason":null}]}

data: [DONE]

"""

_ROLES: dict[str, Literal["user", "assistant"]] = {"user": "user", "assistant": "assistant"}

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
    with `error`, and no `[DONE]`.
    """
    stream = await begin_answer(read_messages(asked), parts=parts, request=request)
    completion_id, created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
    if asked.stream:
        options = asked.stream_options
        encoder = ChatEncoder(
            completion_id,
            model=asked.model,
            created=created,
            include_usage=options is not None and bool(options.include_usage),
        )
        return EventStreamResponse(stream, encoder)
    completed = await finish_answer(stream, request)
    whole = view_completion(
        completed, completion_id=completion_id, model=asked.model, created=created
    )
    return Response(dump_model(whole), media_type="application/json")


def read_messages(asked: ChatRequest) -> Asked:
    """Find the question, which is the last user message that says something, and its history.

    Raises:
        InvalidRequestError: there is none.
    """
    turns = read_turns(asked.messages)
    places = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not places:
        raise InvalidRequestError("messages hold no text of the role 'user': there is no question")
    last = places[-1]
    return Asked(
        turns[last].content,
        tuple(turns[:last]),
        asked.collection,
        model=asked.model,
        max_tokens=_max_tokens(asked),
    )


def read_turns(messages: Sequence[ChatRequestMessage]) -> list[Turn]:
    """The user's and the assistant's messages that say something, in their order."""
    turns = []
    for message in messages:
        text = read_text(message.content)
        role = _ROLES.get(message.role)
        if role is not None and text.strip():
            turns.append(Turn(role, text))
    return turns


def read_text(content: JsonValue) -> str:
    """The text of a message's content: a string, a list of parts, or null."""
    if isinstance(content, str):
        # Frontends that cut a text may cut an emoji in half.
        return content.encode("utf-8", "replace").decode()
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return "\n".join(read_text(part) for part in parts if part and isinstance(part, str))


def _max_tokens(asked: ChatRequest) -> int | None:
    wanted = asked.max_completion_tokens or asked.max_tokens
    # Some frontends send -1 or 0 for "no limit".
    return wanted if wanted is not None and wanted > 0 else None
