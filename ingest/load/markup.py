"""Parts of formats that are no Markdown to Markdown: rows, code, plain words, lower headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rag_core.sentences import find_lines, next_fence

_LOWEST_LEVEL = 6
_BACKTICKS = re.compile(r"`{3,}")
_HEADING = re.compile(r" {0,3}#{1,6}(?=[ \t]|$)")
_LOOKS_MARKED = re.compile(
    r"(?=[ \t]{0,3}(?:#{1,6}(?:[ \t]|$)|=+[ \t]*$|-{2,}[ \t]*$|```|~~~|\|))", re.MULTILINE
)


def write_row(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    words = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(words)} |"


def write_table(rows: Sequence[Sequence[str]], *, headed: bool = True) -> str:
    """A table whose first row is its header, or rows without any."""
    lines = [write_row(row) for row in rows]
    lines[1:1] = ["|" + " --- |" * len(rows[0])] if rows and headed else []
    return "\n".join(lines)


def write_code(code: str, language: str = "") -> str:
    """A fenced block, whose fence is longer than any within it."""
    longest = max((len(run[0]) for run in _BACKTICKS.finditer(code)), default=2)
    fence = "`" * (longest + 1)
    body = code.strip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def escape_plain(text: str) -> str:
    """Plain words with a backslash before the lines that Markdown would take for marks."""
    return _LOOKS_MARKED.sub(r"\\", text)


def join_lines(blocks: Iterable[str]) -> str:
    """Blocks as one text: items follow each other line by line, all else stands apart."""
    parts: list[str] = []
    before = False
    for block in filter(None, blocks):
        item = block.startswith("- ")
        parts += ["\n" if item and before else "\n\n", block]
        before = item
    return "".join(parts[1:])


def lower_headings(text: str, levels: int) -> str:
    """Markdown with its headings so many levels lower, at most to the sixth."""
    return "".join(_lower(text, levels)) if levels else text


def _lower(text: str, levels: int) -> Iterator[str]:
    fence, last = "", 0
    for start, end in find_lines(text):
        line = text[start:end]
        fenced, fence = fence, next_fence(line, fence)
        heading = None if fenced or fence else _HEADING.match(line)
        if heading:
            level = min(_LOWEST_LEVEL, heading[0].count("#") + levels)
            yield text[last:start] + "#" * level
            last = start + heading.end()
    yield text[last:]
