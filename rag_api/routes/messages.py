"""OpenAI's messages → the question, which is the last of the user's, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from rag_api.asked import Asked
from rag_api.prompt import Turn
from rag_api.requests import ChatRequest, ChatRequestMessage
from rag_core.errors import InvalidRequestError
from rag_core.unicode import make_well_formed

_ROLES: dict[str, Literal["user", "assistant"]] = {"user": "user", "assistant": "assistant"}


def read_messages(asked: ChatRequest) -> Asked:
    """Find the question, which is the last user message that says something, and its history.

    Raises:
        InvalidRequestError: there is none.
    """
    question, history = find_question(read_turns(asked.messages))
    return Asked(
        question,
        history,
        asked.collection,
        model=asked.model,
        max_tokens=_max_tokens(asked),
        options=asked.retrieval,
    )


def read_instructions(asked: ChatRequest) -> str:
    """What a system message says when only one of the user's is behind it; else empty."""
    if [message.role for message in asked.messages] != ["system", "user"]:
        return ""
    return read_text(asked.messages[0].content)


def find_question(turns: Sequence[Turn]) -> tuple[str, tuple[Turn, ...]]:
    """The last of the user's turns, and what was said before it.

    Raises:
        InvalidRequestError: the user says nothing.
    """
    places = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not places:
        raise InvalidRequestError("messages hold no text of the role 'user': there is no question")
    last = places[-1]
    return turns[last].content, tuple(turns[:last])


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
        return make_well_formed(content)
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return "\n".join(read_text(part) for part in parts if part and isinstance(part, str))


def _max_tokens(asked: ChatRequest) -> int | None:
    # Some frontends send -1 or 0 for "no limit".
    wanted = (asked.max_completion_tokens, asked.max_tokens)
    return next((tokens for tokens in wanted if tokens is not None and tokens > 0), None)
