"""Text to its blocks: headings, paragraphs, list items, table rows, fenced code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag_core.documents import Markup
from rag_core.sentences import find_lines, next_fence, read_cells

Kind = Literal["heading", "paragraph", "item", "row", "code"]

# What all marks below begin with; most lines have none, and are spared the other expressions.
_MARKED = re.compile(r"[ \t]*[-#=|>*+•◦▪‣(\d]")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:>[ \t]?)*(?:[-*+•◦▪‣]|\(?\d{1,3}[.)])[ \t]")
_ROW = re.compile(r"[ \t]*\|")
_RULE = re.compile(r"[ \t]*\|[-:| \t]*-[-:| \t]*$")
_ANCHOR = re.compile(r"\s*\{\s*[#.:][^}]*\}\s*$")
_CLOSING_MARKS = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|`|\*)(.+?)\1")
_LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text that is best kept whole; what is between blocks is white space."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    """Of a heading, from 1."""
    heading: str = ""
    """Of a heading, its words without markup."""
    header: str = ""
    """Of a table's row, the names of its columns, when they stand above it."""


def find_blocks(text: str, markup: Markup) -> Iterator[Block]:
    """The blocks in order; plain text has only paragraphs, which blank lines part."""
    return _Scanner(text).scan() if markup == "markdown" else _find_paragraphs(text)


def find_title(text: str) -> str:
    """The words of the first heading of Markdown; empty when it has none."""
    blocks = find_blocks(text, "markdown")
    return next((block.heading for block in blocks if block.heading), "")


def _find_paragraphs(text: str) -> Iterator[Block]:
    opened: int | None = None
    end = 0
    for start, line_end in find_lines(text):
        blank = start == line_end or text[start:line_end].isspace()
        if blank and opened is not None:
            yield Block("paragraph", opened, end)
            opened = None
        elif not blank:
            opened = start if opened is None else opened
            end = line_end
    if opened is not None:
        yield Block("paragraph", opened, end)


class _Scanner:
    """Reads Markdown line by line; holds the one block that is still open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: Block | None = None
        self._fence = ""
        self._names, self._header = "", ""
        self._row_end = -2  # no row ends right before the text

    def scan(self) -> Iterator[Block]:
        """The blocks in order."""
        for start, end in find_lines(self._text):
            line = self._text[start:end]
            fence = next_fence(line, self._fence)
            if self._fence or fence:
                yield from self._read_code(start, end, fence)
            elif not line or line.isspace():
                yield from self._close()
            elif _MARKED.match(line):
                yield from self._read_line(start, end, line)
            else:
                self._extend("paragraph", start, end)
        yield from self._close()

    def _close(self) -> Iterator[Block]:
        if self._open is not None:
            yield self._open
            self._open = None

    def _read_code(self, start: int, end: int, fence: str) -> Iterator[Block]:
        if not self._fence:
            yield from self._close()
        self._extend("code", start, end)
        if not fence:
            yield from self._close()
        self._fence = fence

    def _read_line(self, start: int, end: int, line: str) -> Iterator[Block]:
        heading = _HEADING.match(line)
        if heading:
            yield from self._close()
            words = clean_heading(heading[2] or "")
            yield Block("heading", start, end, len(heading[1]), words)
        elif self._open and self._open.kind == "paragraph" and _UNDERLINE.match(line):
            yield self._read_underlined(end, line)
        elif _ROW.match(line):
            yield from self._close()
            yield self._read_row(start, end, line)
        elif _ITEM.match(line):
            yield from self._close()
            self._extend("item", start, end)
        else:
            self._extend("paragraph", start, end)

    def _read_row(self, start: int, end: int, line: str) -> Block:
        """A row of the open table, or the first one of the next."""
        if start != self._row_end + 1:
            self._names, self._header = line, ""
        else:
            if self._names and _RULE.match(line):
                self._header = _clean_names(self._names)
            self._names = ""
        self._row_end = end
        return Block("row", start, end, header=self._header)

    def _read_underlined(self, end: int, line: str) -> Block:
        """A heading of one line with its underline; a longer paragraph only ends in a rule."""
        start = self._open.start if self._open else end
        words = self._text[start:end].removesuffix(line).strip()
        self._open = None
        if "\n" in words or len(words) > _LONGEST_HEADING:
            return Block("paragraph", start, end)
        return Block("heading", start, end, 1 if "=" in line else 2, clean_heading(words))

    def _extend(self, kind: Kind, start: int, end: int) -> None:
        if self._open is None:
            self._open = Block(kind, start, end)
        else:
            self._open = Block(self._open.kind, self._open.start, end)


def clean_heading(words: str) -> str:
    """The words of a heading without anchors, links and emphasis, cut when they run on."""
    words = _ANCHOR.sub("", _CLOSING_MARKS.sub("", words[: 2 * _LONGEST_HEADING]))
    words = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", words)).strip()
    return _shorten(words)


def _clean_names(row: str) -> str:
    return _shorten(", ".join(read_cells(row[: 4 * _LONGEST_HEADING])))


def _shorten(words: str) -> str:
    fits = len(words) <= _LONGEST_HEADING
    return words if fits else words[: _LONGEST_HEADING - 1] + "…"
