"""The cited passages as a Markdown list behind the answer, for clients that show only text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from urllib.parse import quote

from rag_api.events import (
    AnswerStream,
    Citation,
    Cited,
    Delta,
    Done,
    Events,
    Restarted,
    Retrieved,
)
from rag_api.wire.source_names import name_sources

INLINE_MODEL = "rag-inline"
"""Its answers end with the list, in every protocol."""

_HEADING = "\n\n**Sources**\n"

# What begins anything in Markdown inside a link's text; "&" only before what reads like an entity.
_MARKS = re.compile(r"[\\`*_\[\]<>~$|]|&(?=#?\w+;)")
_URL_CHARACTERS = "%/:?#[]@!$&'*+,;=~"
_LISTED = re.compile(r"(?:\n- \[\d+\] \[[^\n]*)+\s*\Z")


async def append_sources(answer: AnswerStream) -> AnswerStream:
    """Pass an answer on, with its sources as one more Delta before its Done."""
    sources = _Sources()
    async with aclosing(answer) as ready:
        async for events in ready:
            yield sources.follow(events)


def strip_sources(text: str) -> str:
    """An answer as it was before its sources were appended, for when it comes back as history."""
    place = text.rfind(_HEADING)
    return text[:place] if place >= 0 and _LISTED.match(text, place + len(_HEADING)) else text


class _Sources:
    """What an answer cites so far."""

    def __init__(self) -> None:
        self._names: Mapping[int, str] = {}
        self._cited: dict[int, Citation] = {}

    def follow(self, events: Events) -> Events:
        for event in events:
            if isinstance(event, Delta):
                continue
            if isinstance(event, Retrieved):
                self._names = name_sources(event.passages)
            elif isinstance(event, Cited):
                self._cited[event.citation.number] = event.citation
            elif isinstance(event, Restarted):
                self._cited.clear()
        if isinstance(events[-1], Done) and self._cited:
            return *events[:-1], Delta(text=self._write()), events[-1]
        return events

    def _write(self) -> str:
        lines = [
            f"\n- [{number}] {link_source(self._names[number], citation.url)}"
            for number, citation in sorted(self._cited.items())
        ]
        return "".join((_HEADING, *lines))


def link_source(name: str, url: str) -> str:
    """A link in Markdown."""
    return f"[{escape_markdown(name)}]({_quote_url(url)})"


def escape_markdown(text: str) -> str:
    """The text as Markdown that shows it as it is, in a link's text too."""
    return _MARKS.sub(r"\\\g<0>", text)


def _quote_url(url: str) -> str:
    """The URL without the characters that would end it: parentheses, spaces, angle brackets."""
    return quote(url, safe=_URL_CHARACTERS)
