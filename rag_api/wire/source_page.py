"""A passage as a page that shows it, marked, in its place in the document."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from rag_api.requests import SourceView

WINDOW_CHARACTERS = 20_000
"""How much of a document is shown before and after the passage."""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
body { max-width: 52rem; margin: 0 auto; padding: 1.5rem; }
header { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: .35rem 0; opacity: .75; font-size: .9rem; overflow-wrap: anywhere; }
main { white-space: pre-wrap; overflow-wrap: anywhere; margin: 1.5rem 0; }
mark { background: light-dark(#ffec99, #6b5300); color: inherit; scroll-margin: 30vh; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

SOURCE_PAGE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{lines}
</header>
<main>{before}<mark id="passage">{passage}</mark>{after}</main>
</body>
</html>
"""


def render_source(source: SourceView, document_text: str, *, whole_url: str | None) -> bytes:
    """Write the page; without `whole_url` it holds the whole document, else a window of it."""
    first, last = 0, len(document_text)
    if whole_url is not None:
        first = max(first, source.start - WINDOW_CHARACTERS)
        last = min(last, source.end + WINDOW_CHARACTERS)
    cut = last - first < len(document_text)
    page = _PAGE.format(
        title=escape(source.title or source.source),
        style=_STYLE,
        lines=_describe(source, whole_url=whole_url if cut else None),
        before=_cut_mark(cut=first > 0) + escape(document_text[first : source.start]),
        passage=escape(document_text[source.start : source.end]),
        after=escape(document_text[source.end : last]) + _cut_mark(cut=last < len(document_text)),
    )
    return page.encode("utf-8", "replace")


def _describe(source: SourceView, *, whole_url: str | None) -> str:
    lines = [_link(source.source)]
    if source.page is not None:
        lines.append(f"Page {source.page}")
    if source.heading_path not in ((), (source.title,)):
        lines.append(escape(" > ".join(source.heading_path)))
    if whole_url is not None:
        lines.append(f'<a href="{escape(whole_url)}">Show the whole document</a>')
    return "\n".join(f"<p>{line}</p>" for line in lines)


def _link(address: str) -> str:
    shown = escape(address)
    # Only these: a document's address may be anything, "javascript:" too.
    if address.startswith(("http://", "https://")):
        return f'<a href="{shown}" rel="noreferrer">{shown}</a>'
    return shown


def _cut_mark(*, cut: bool) -> str:
    return "…" if cut else ""
