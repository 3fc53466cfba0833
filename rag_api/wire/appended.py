"""Turns as clients send them back → what was said, without the lists that we appended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag_api.prompt import Turn
from rag_api.wire.closest import strip_closest
from rag_api.wire.source_list import strip_sources


def strip_appended(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns, the assistant's without their lists of sources and of nearest misses.

    Their links may be signed, which is nothing for the chat model's server, nor for a search.
    """
    return tuple(
        replace(turn, content=strip_closest(strip_sources(turn.content)))
        if turn.role == "assistant"
        else turn
        for turn in history
    )
