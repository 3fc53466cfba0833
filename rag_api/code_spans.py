"""Markdown, character by character → whether the next character stands in code."""

from __future__ import annotations

from enum import Enum, auto

_FENCE_LENGTH = 3
_LINE_PREFIX = " \t>"
"""What may stand before a fence on its line."""


class _Mode(Enum):
    TEXT = auto()
    INLINE = auto()
    OPENING_LINE = auto()
    """The rest of the line that opens a fence: its language."""
    FENCE = auto()


class CodeSpans:
    """Follows inline code and fenced code through a text that is not complete yet.

    A single backtick opens inline code at once, as nobody knows yet whether one will close it; it
    ends with the paragraph at the latest.
    """

    def __init__(self) -> None:
        self._mode = _Mode.TEXT
        self._opening = ("", 0)
        self._run = ("", 0)
        self._line_is_blank = True
        self._run_begins_line = False

    @property
    def in_plain_text(self) -> bool:
        """Whether nothing is open, so that text without backtick or tilde may be skipped."""
        return self._mode is _Mode.TEXT and self._run[1] == 0

    def skip(self, text: str) -> None:
        """Pass over text without backtick or tilde, while in plain text."""
        line = text.rpartition("\n")[2]
        blank = not line.strip(_LINE_PREFIX)
        self._line_is_blank = blank and (self._line_is_blank or len(line) < len(text))

    def holds(self, char: str) -> bool:
        """Pass over one character and say whether it belongs to code."""
        if self._run[1] and char != self._run[0]:
            self._end_run()
        if char in "`~":
            self._extend_run(char)
            return True
        if char == "\n":
            self._end_line()
        elif char not in _LINE_PREFIX:
            self._line_is_blank = False
        return self._mode is not _Mode.TEXT

    def _extend_run(self, char: str) -> None:
        if not self._run[1]:
            self._run_begins_line = self._line_is_blank
        self._line_is_blank = False
        self._run = (char, self._run[1] + 1)

    def _end_run(self) -> None:
        """A run of backticks or tildes is complete: it opens code, closes it, or is nothing."""
        char, length = self._run
        self._run = ("", 0)
        fits = char == self._opening[0]
        if self._mode is _Mode.TEXT:
            self._open(char, length)
        elif self._mode is _Mode.FENCE:
            closes = self._run_begins_line and fits and length >= self._opening[1]
            self._mode = _Mode.TEXT if closes else self._mode
        elif (char, length) == self._opening:
            # On a fence's own line: it was inline code with many backticks.
            self._mode = _Mode.TEXT

    def _open(self, char: str, length: int) -> None:
        if length >= _FENCE_LENGTH and self._run_begins_line:
            self._mode = _Mode.OPENING_LINE
        elif char == "`":
            self._mode = _Mode.INLINE
        else:
            return
        self._opening = (char, length)

    def _end_line(self) -> None:
        if self._mode is _Mode.OPENING_LINE:
            self._mode = _Mode.FENCE
        elif self._mode is _Mode.INLINE and self._line_is_blank:
            self._mode = _Mode.TEXT
        self._line_is_blank = True
