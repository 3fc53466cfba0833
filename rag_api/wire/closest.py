"""The nearest misses as a Markdown list behind the text, for protocols without a place for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_api.events import NearMiss, PassageView
from rag_api.wire.source_list import link_source
from rag_api.wire.source_names import name_sources

_HEADING = "\n\n**Closest**\n"
_LEAST_SHOWN = 0.1
"""Fused; what scores less has nothing to do with the question, as after "thank you"."""
_LISTED = re.compile(r"(?:\n- \[[^\n]*)+\s*\Z")


def write_closest(nearest: Sequence[NearMiss], passages: Sequence[PassageView]) -> str:
    """The list, each with its fused score; empty when there is nothing worth showing."""
    names = name_sources(passages)
    lines = [
        f"\n- {link_source(names[one.number], one.url)} ({one.fused_score:.2f})"
        for one in nearest
        if one.fused_score >= _LEAST_SHOWN
    ]
    return "".join((_HEADING, *lines)) if lines else ""


def strip_closest(text: str) -> str:
    """An answer as it was before its list was appended, for when it comes back as history."""
    place = text.rfind(_HEADING)
    return text[:place] if place >= 0 and _LISTED.match(text, place + len(_HEADING)) else text
