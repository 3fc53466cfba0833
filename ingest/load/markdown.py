"""Markdown to a Document, without the front matter that it may begin with and HTML in it."""

from __future__ import annotations

import re

from ingest.blocks import find_title
from ingest.load.embedded_html import convert_html
from ingest.load.text import decode_text, require_text
from rag_core.documents import Document

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n(?:(.{0,65536}?)\n)??\1[ \t]*(?:\n|$)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(['\"]?)(.+?)\1[ \t]*$", re.MULTILINE | re.IGNORECASE)


def load_markdown(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read Markdown; its title is that of the front matter, or else its first heading."""
    text, warnings = decode_text(content, name=name)
    title, text = _cut_front_matter(text)
    text = convert_html(text)
    require_text(text, name=name)
    title = title or find_title(text) or stem
    return Document(source, title, text, "text/markdown", "markdown", warnings=warnings)


def _cut_front_matter(text: str) -> tuple[str, str]:
    """The title that it gives, which may be empty, and the text after it."""
    matter = _FRONT_MATTER.match(text)
    if matter is None:
        return "", text
    title = _TITLE.search(matter[2] or "")
    return title[2].strip() if title else "", text[matter.end() :]
