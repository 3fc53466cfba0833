"""An answer's Markdown and its citations → HTML with the markers as chips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt

from rag_api.demo.marks import mark_id
from rag_api.events import Citation

# Signs that no writing has: they stand for a chip while the Markdown around it is read.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_FOREIGN = str.maketrans(dict.fromkeys((_OPEN, _CLOSE), "\ufffd"))

# Raw HTML is shown as it is written. A picture would be fetched from wherever a document says, and
# tell its owner who reads.
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
)


def render_answer(text: str, citations: Sequence[Citation], *, prefix: str) -> str:
    """Write the text as HTML; each marker that is a citation becomes a link to its mark.

    The marks are those that `mark_ranges` makes with the prefix `<prefix>-<number>`.
    """
    placed = _place_chips(text.translate(_FOREIGN), citations)
    html: str = _MARKDOWN.render(placed)
    html = html.replace("<a href=", '<a target="_blank" rel="noopener noreferrer" href=')
    return _PLACE.sub(lambda found: _chip(citations[int(found[1])], prefix), html)


def _place_chips(text: str, citations: Sequence[Citation]) -> str:
    pieces, end = [], 0
    for position, citation in enumerate(citations):
        if not end <= citation.answer_start < citation.answer_end <= len(text):
            continue
        pieces += [text[end : citation.answer_start], f"{_OPEN}{position}{_CLOSE}"]
        end = citation.answer_end
    return "".join((*pieces, text[end:]))


def _chip(citation: Citation, prefix: str) -> str:
    target = mark_id(f"{prefix}-{citation.number}", citation.start)
    page = "" if citation.page is None else f", page {citation.page}"
    label = f"Source {citation.number}: {citation.title or citation.source}{page}"
    return (
        f'<a class="chip" href="#{escape(target)}" data-mark="{escape(target)}" '
        f'aria-label="{escape(label)}" title="{escape(_shorten(citation.quote))}">'
        f"{citation.number}</a>"
    )


def _shorten(quote: str, *, most: int = 280) -> str:
    return quote if len(quote) <= most else f"{quote[:most]}…"
