"""The answer's text as it streams → Deltas, and a Cited after each marker that names a passage.

A marker is `[1]`, `[1, 2]`, `[1; 2]` or `[1-3]`. None stands in code; a Markdown link (`[1](…)`),
a link's definition (`[1]: …` at a line's beginning), a footnote (`[^1]`) and an escaped bracket
are none either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_api.code_spans import CodeSpans
from rag_api.events import Cited, Delta, PassageView
from rag_api.quotes import QuotableText, cite_quote

_SPECIAL = re.compile(r"[\[`~\\]")
_LONGEST_MARKER = 40
_WIDEST_RANGE = 20
_INSIDE = frozenset("0123456789,;-– ")
_MARKER = re.compile(r"\[ ?\d{1,4}(?: ?[-–] ?\d{1,4})?(?: ?[,;] ?\d{1,4}(?: ?[-–] ?\d{1,4})?)* ?\]")
_NUMBERS = re.compile(r"(\d+)(?: ?[-–] ?(\d+))?")
_STATEMENT_CHARACTERS = 400
_STATEMENT_ENDS = (". ", "! ", "? ", "。", "！", "？", "\n")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A whole marker; the next character tells whether it is a link."""

    text: str
    end: int
    begins_line: bool


class CitationFinder:
    """Passes the text of one answer on, unchanged and at once, with what it cites.

    Only a Cited waits, for the one character after its marker. The events do not depend on how the
    text was cut, but for the cuts between neighbouring Deltas. Offsets are in code points.
    """

    def __init__(self, passages: Sequence[PassageView]) -> None:
        self._offered = {passage.number: passage for passage in passages}
        self._quotable: dict[int, QuotableText] = {}
        self._code = CodeSpans()
        self._seen: list[str] = []
        self._length = 0
        self._marker = ""
        self._pending: _Pending | None = None
        self._escaped = False
        self._marker_begins_line = False
        self._line_is_empty = True
        self.cited = 0
        """Citations given so far."""

    def feed(self, text: str) -> list[Delta | Cited]:
        """The events of the next piece of text."""
        if not text:
            return []
        events: list[Delta | Cited] = []
        sent = place = 0
        while (place := self._skip_plain(text, place)) < len(text):
            char = text[place]
            if self._pending is not None:
                if place > sent:
                    events.append(self._pass_on(text[sent:place]))
                    sent = place
                events += self._settle(char)
            self._step(char, self._length + place - sent + 1)
            place += 1
        events.append(self._pass_on(text[sent:]))
        return events

    def finish(self) -> list[Delta | Cited]:
        """What the end of the text settles."""
        return list(self._settle(""))

    def _skip_plain(self, text: str, place: int) -> int:
        """The next place that must be looked at: most text is passed over without a look."""
        busy = self._marker or self._pending is not None or self._escaped
        if busy or not self._code.in_plain_text:
            return place
        special = _SPECIAL.search(text, place)
        end = len(text) if special is None else special.start()
        if end > place:
            self._code.skip(text[place:end])
            self._line_is_empty = text[end - 1] == "\n"
        return end

    def _pass_on(self, text: str) -> Delta:
        self._seen.append(text)
        self._length += len(text)
        return Delta(text=text)

    def _step(self, char: str, end: int) -> None:
        """Pass over a character outside of pending markers; `end` is the length up to it."""
        if self._code.holds(char):
            self._marker = ""
        elif char == "[":
            self._marker = "" if self._escaped else char
            self._marker_begins_line = self._line_is_empty
        elif self._marker:
            self._extend_marker(char, end)
        self._escaped = char == "\\" and not self._escaped
        self._line_is_empty = char == "\n"

    def _extend_marker(self, char: str, end: int) -> None:
        marker = self._marker + char
        if char in _INSIDE and len(marker) < _LONGEST_MARKER:
            self._marker = marker
            return
        self._marker = ""
        if char == "]" and _MARKER.fullmatch(marker):
            self._pending = _Pending(marker, end, self._marker_begins_line)

    def _settle(self, following: str) -> list[Cited]:
        """The citations of the pending marker, now that the character after it is known."""
        pending, self._pending = self._pending, None
        if pending is None or following == "(" or (following == ":" and pending.begins_line):
            return []
        statement = self._find_statement(pending)
        place = pending.end - len(pending.text), pending.end
        cited = []
        for number in _read_numbers(pending.text):
            if passage := self._offered.get(number):
                quote = self._quotable_text(passage).quote(statement)
                cited.append(Cited(citation=cite_quote(passage, quote, answer=place)))
        self.cited += len(cited)
        return cited

    def _quotable_text(self, passage: PassageView) -> QuotableText:
        quotable = self._quotable.get(passage.number)
        if quotable is None:
            quotable = self._quotable[passage.number] = QuotableText(passage)
        return quotable

    def _find_statement(self, pending: _Pending) -> str:
        """The answer's sentence that the marker stands at the end of."""
        recent = "".join(self._seen)[-_STATEMENT_CHARACTERS - _LONGEST_MARKER :]
        self._seen = [recent]
        before = _strip_markers(recent[: len(recent) - len(pending.text)])
        return before[max(before.rfind(end, 0, -1) for end in _STATEMENT_ENDS) + 1 :]


def _strip_markers(text: str) -> str:
    """Leave out the markers at the end, which belong to the same statement."""
    text = text.rstrip()
    while text.endswith("]") and _MARKER.fullmatch(text, opening := text.rfind("[")):
        text = text[:opening].rstrip()
    return text


def _read_numbers(marker: str) -> list[int]:
    """The numbers that a marker names, each once, in order; a range names all between."""
    numbers: dict[int, None] = {}
    for first, last in _NUMBERS.findall(marker):
        start = int(first)
        end = int(last) if last else start
        if start <= end < start + _WIDEST_RANGE:
            numbers.update(dict.fromkeys(range(start, end + 1)))
    return list(numbers)
