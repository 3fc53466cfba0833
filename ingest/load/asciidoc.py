"""AsciiDoc to a Document: headings, lists, code and tables as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.blocks import find_title
from ingest.load.markup import escape_plain, write_code, write_table
from ingest.load.text import decode_text, require_text
from rag_core.documents import Document

_HEADING = re.compile(r"(={1,6}|#{1,6}) +(\S.*)$")
_LISTING = re.compile(r"(-{4,}|\.{4,}|`{3,})(\w*)$")
_FENCE = re.compile(r"(={4,}|\*{4,}|_{4,}|\+{4,}|--|'{3,}|<{3,})$")
_COMMENT = re.compile(r"/{4,}$")
_TABLE = re.compile(r"[|,:!]={3,}$")
_ATTRIBUTE = re.compile(
    r"(?::!?[\w-]+!?:|//(?!/)|include::|image::|video::|toc::|ifdef::|ifndef::|endif::)"
)
_STYLE = re.compile(r"\[([^\]]*)\]$")
_BLOCK_TITLE = re.compile(r"\.([^\s.].*)$")
_NUMBERED = re.compile(r"(\.{1,5}) +(\S.*)$")
_BULLET = re.compile(r"(\*{1,5}|-) +(\S.*)$")
_LINK = re.compile(r"(?:link:|xref:|mailto:|https?://)[^\s\[]{0,500}\[([^\]]{0,500})\]")
_CROSS = re.compile(r"<<[^,><]{0,200}(?:, *)?([^><]{0,200})>>")
_ANCHOR = re.compile(r"\[\[[^\]\[]{0,200}\]\]")
_CELL = re.compile(r"(?:\d*\.?\d*[+*])?[<^>]?(?:\.[<^>])?[adehlmsv]?\|")


def load_asciidoc(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read AsciiDoc; its title is its first heading."""
    text, warnings = decode_text(content, name=name)
    converted = re.sub(r"\n{3,}", "\n\n", "\n".join(_Reader(text).read())).strip("\n")
    require_text(converted, name=name)
    title = find_title(converted) or stem
    return Document(source, title, converted, "text/asciidoc", "markdown", warnings=warnings)


class _Reader:
    """Reads line by line."""

    def __init__(self, text: str) -> None:
        self._lines = iter(line.rstrip() for line in text.split("\n"))
        self._style = ""

    def read(self) -> Iterator[str]:
        """The lines of the Markdown."""
        for line in self._lines:
            yield from self._read_block(line)

    def _read_block(self, line: str) -> Iterator[str]:
        listing, style = _LISTING.match(line), _STYLE.match(line)
        if listing:
            language = listing[2] or self._find_language()
            yield from ["", write_code("\n".join(self._read_until(line)), language), ""]
        elif _TABLE.match(line):
            yield from ["", _write_table(list(self._read_until(line))), ""]
        elif _COMMENT.match(line):
            list(self._read_until(line))
        elif style:
            self._style = style[1]
            return
        elif not _ATTRIBUTE.match(line):
            yield "" if _FENCE.match(line) else _write_line(line)
        self._style = ""

    def _read_until(self, end: str) -> Iterator[str]:
        mark = re.match(r"\W+", end)
        for line in self._lines:
            if line == (mark[0] if mark else end):
                return
            yield line

    def _find_language(self) -> str:
        """That of `[source,python]` above."""
        parts = [part.strip() for part in self._style.split(",")]
        named = (
            len(parts) > 1 and parts[0].startswith("source") and re.fullmatch(r"[\w+-]+", parts[1])
        )
        return parts[1] if named else ""


def _write_line(line: str) -> str:
    heading, title = _HEADING.match(line), _BLOCK_TITLE.match(line)
    numbered, bullet = _NUMBERED.match(line.lstrip()), _BULLET.match(line.lstrip())
    if heading:
        return f"\n{'#' * len(heading[1])} {_read_inline(heading[2])}\n"
    if title:
        return _read_inline(title[1])
    if numbered:
        return f"{'  ' * (len(numbered[1]) - 1)}1. {_read_inline(numbered[2])}"
    if bullet:
        return f"{'  ' * (len(bullet[1]) - 1)}- {_read_inline(bullet[2])}"
    return "" if line == "+" else escape_plain(_read_inline(line))


def _read_inline(words: str) -> str:
    """The words of links without their addresses."""
    if "[" not in words and "<<" not in words:
        return words
    words = _CROSS.sub(r"\1", _ANCHOR.sub("", words))
    return _LINK.sub(r"\1", words)


def _write_table(lines: list[str]) -> str:
    """A row for each line of cells, or for as many cells as the first line has."""
    cells: list[str] = []
    width = 0
    for line in lines:
        parts = [part.strip() for part in _CELL.split(line)]
        if parts[0] and cells:
            cells[-1] = f"{cells[-1]} {parts[0]}"
        cells += map(_read_inline, parts[1:])
        width = width or len(parts) - 1
    if not width:
        return ""
    cells += [""] * (-len(cells) % width)
    return write_table([cells[at : at + width] for at in range(0, len(cells), width)])
