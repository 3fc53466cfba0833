"""`/api/chat`: what `useChat` of Vercel's AI SDK posts to, comes back to and stops."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from rag_api.parts import Parts
from rag_api.requests import UIChatRequest
from rag_api.routes.access import OurParts
from rag_api.routes.asking import begin_answer
from rag_api.routes.described_ui import CHAT_STREAM, NOTHING_LEFT, text_errors
from rag_api.routes.ui_messages import read_ui_messages
from rag_api.runs import CANCELLED, Run
from rag_api.wire.response import EventStreamResponse
from rag_api.wire.ui_parts import UI_HEADERS, UIMessageEncoder

router = APIRouter()


@router.post(
    "/api/chat",
    response_class=Response,
    responses={**CHAT_STREAM, **text_errors(400, 401, 404, 413, 422, 429, 500, 502, 503)},
)
async def chat(asked: UIChatRequest, request: Request, parts: OurParts) -> Response:
    """Answer the last user message; what is before it is its history.

    Parts of messages other than text are ignored, and so is whatever else a client sends. The
    sources come first, then the text and the citations. A failure is a part `error`, an answer
    that was stopped ends with a part `abort`; `[DONE]` ends every stream.
    """
    wanted = read_ui_messages(asked)
    _leave_behind(asked.id, parts)
    run = await begin_answer(wanted, parts=parts, request=request, detaches=True, chat_id=asked.id)
    return _stream(run)


@router.get(
    "/api/chat/{chat_id:path}/stream",
    response_class=Response,
    responses={**CHAT_STREAM, **NOTHING_LEFT, **text_errors(401, 422, 500)},
)
async def resume_chat(chat_id: str, parts: OurParts) -> Response:
    """Send the chat's newest answer again from its beginning, then as it comes.

    204 when there is none, or when it has ended and its end was sent.
    """
    run = parts.runs.find_by_chat(chat_id)
    if run is None or (run.log.ended and run.delivered):
        return Response(status_code=204)
    return _stream(run)


@router.post("/api/chat/{chat_id:path}/stop", status_code=204, responses=text_errors(401, 422, 500))
async def stop_chat(chat_id: str, parts: OurParts) -> None:
    """Stop the chat's answer; the request to the chat model is closed.

    An answer that has ended, and a chat that has none, stay as they are.
    """
    run = parts.runs.find_by_chat(chat_id)
    if run is not None:
        await run.stop(CANCELLED)


def _stream(run: Run) -> Response:
    return EventStreamResponse(run, UIMessageEncoder(run.id), headers=UI_HEADERS)


def _leave_behind(chat_id: str | None, parts: Parts) -> None:
    """Cancel the chat's answer before, if nobody reads it: no way leads back to it."""
    run = None if chat_id is None else parts.runs.find_by_chat(chat_id)
    if run is not None and not run.log.has_readers:
        run.cancel()
