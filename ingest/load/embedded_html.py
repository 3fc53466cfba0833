"""The HTML that stands in Markdown to Markdown: tables, paragraphs and lists; bare tags go."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.load.html import convert_page
from rag_core.errors import DocumentError
from rag_core.sentences import find_lines, next_fence

_OPENING = re.compile(r"[ \t]*<(table|p|ul|ol|dl|h[1-6]|blockquote)\b[^>]{0,2000}>", re.IGNORECASE)
_BARE = re.compile(
    r"[ \t]*(?:</?(?:div|center|details|section|article|span|br|a|picture|source|img)\b"
    r"[^>]{0,2000}>[ \t]*)+$",
    re.IGNORECASE,
)
_LONGEST = 1 << 18
"""Characters in which an element must end."""
_MOST_FAILURES = 50
"""Elements that do not: a file of nothing but these would be slow."""


def convert_html(text: str) -> str:
    """Markdown whose blocks of HTML are Markdown, too; code in fences stays as it is."""
    if "<" not in text:
        return text
    pieces, done = [], 0
    for start, end in _find_blocks(text):
        pieces += [text[done:start], _write_block(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _find_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Where elements and lines of bare tags begin and end."""
    done, failures = 0, 0
    for start, end in _find_candidates(text):
        if start < done:  # it lies in the block before
            continue
        opening = failures < _MOST_FAILURES and _OPENING.match(text, start, end)
        stop = _find_end(text, start, opening[1]) if opening else 0
        failures += bool(opening) > bool(stop)
        done = max(stop, _find_bare(text, start, end))
        yield from [(start, done)] if done else []


def _find_candidates(text: str) -> Iterator[tuple[int, int]]:
    """The lines with tags in them that are not in a fence."""
    fence = ""
    for start, end in find_lines(text):
        line = text[start:end]
        fence = next_fence(line, fence)
        if not fence and "<" in line:
            yield start, end


def _find_bare(text: str, start: int, end: int) -> int:
    """The end of a line of nothing but tags; 0 of any other."""
    return end if _BARE.match(text, start, end) else 0


def _find_end(text: str, start: int, tag: str) -> int:
    """Where the element that begins here ends, with those of its kind in it; 0 when it does not."""
    depth = 0
    for match in re.compile(rf"<(/?){tag}\b", re.IGNORECASE).finditer(
        text, start, start + _LONGEST
    ):
        depth += -1 if match[1] else 1
        if depth == 0:
            return text.find(">", match.end()) + 1
    return 0


def _write_block(block: str) -> str:
    if _BARE.match(block):
        return ""
    try:
        markdown, _ = convert_page(block, "a block")
    except DocumentError:
        return block
    return f"\n{markdown.strip()}\n"
