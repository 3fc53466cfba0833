"""A conversation ↔ the JSON that its visitor's browser keeps of it.

What comes back from a browser may be of an older page, or anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from rag_api.demo.asking import Conversation
from rag_api.demo.turns import Turn, stop_turn
from rag_core.errors import RagError


class UnreadableError(RagError):
    """What a browser kept is no conversation of this page's; the text is a sentence for it."""

    def __init__(self) -> None:
        super().__init__(
            "This conversation was kept by another version of the page, which this one cannot "
            "read. It is still in your browser: delete it there, or ask anew."
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a browser gives back."""

    version: Literal[1]
    id: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a browser is given: it puts the turn behind those with lower numbers."""

    id: str
    turn: Turn | None


_KEPT = TypeAdapter(_Kept)
_CHANGE = TypeAdapter(_Change)
# Both are found out again when it is opened.
_LEFT_OUT = {"turn": {"stretches", "gone"}}


def render_change(conversation: Conversation) -> str:
    """What is to be kept now, for page.js: the last turn, in the place of the one of its number."""
    last = conversation.turns[-1] if conversation.turns else None
    change = _CHANGE.dump_json(_Change(conversation.id, last), exclude=_LEFT_OUT).decode()
    return f'<span data-change="{escape(change)}"></span>'


def read_kept(text: str) -> Conversation:
    """The conversation that a browser kept; only its last turn may still run.

    Raises:
        UnreadableError: it is none, or of another version.
    """
    try:
        kept = _KEPT.validate_json(text)
    except ValidationError as error:
        raise UnreadableError from error
    numbers = [turn.number for turn in kept.turns]
    if not numbers or numbers != sorted(set(numbers)):
        raise UnreadableError
    *earlier, last = kept.turns
    return Conversation((*map(stop_turn, earlier), last), kept.id)
