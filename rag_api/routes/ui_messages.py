"""AI SDK's messages → the question, which is the last of the user's, and its history."""

from __future__ import annotations

from pydantic import JsonValue

from rag_api.asked import Asked
from rag_api.requests import ChatRequestMessage, UIChatRequest
from rag_api.routes.messages import find_question, read_turns


def read_ui_messages(asked: UIChatRequest) -> Asked:
    """Find the question and its history; nothing counts but what was written or answered.

    When an answer is to be written anew, the client has cut it off already.

    Raises:
        InvalidRequestError: the user says nothing.
    """
    messages = [
        ChatRequestMessage(role=message.role, content=keep_texts(message.parts))
        for message in asked.messages
    ]
    question, history = find_question(read_turns(messages))
    return Asked(
        question,
        history,
        asked.collection,
        asked.top_k,
        asked.model,
        options=asked.retrieval,
    )


def keep_texts(parts: JsonValue) -> JsonValue:
    """The parts that are text: not sources, files, reasoning, or what versions to come invent."""
    if not isinstance(parts, list):
        return None
    return [part for part in parts if isinstance(part, dict) and part.get("type") == "text"]
