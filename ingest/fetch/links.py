"""A page of HTML to the links in it.

By patterns that take linear time, not by a parser: those break on some pages, and the standard
library's takes quadratic time on hostile ones. The sandbox reads the page's text later.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.fetch.web_urls import normalise_url
from rag_core.errors import FetchRefusedError

_MOST_BYTES = 4 << 20
"""Of a page, are searched for links."""
_MOST_LINKS = 5_000
_TAG = re.compile(r"<(a|area|base|link|meta)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(href|rel|name|content)\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""",
    re.IGNORECASE,
)
_UNSEEN = (("<!--", "-->"), ("<script", "</script"))


@dataclass(frozen=True, slots=True)
class PageLinks:
    """What a page names."""

    links: tuple[str, ...]
    """In normal form, each once, in their order."""
    canonical: str | None
    """What the page says is its own URL."""


def read_links(path: Path, *, url: str) -> PageLinks:
    """Read the links of a page that was fetched from a URL."""
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    for opening, closing in _UNSEEN:
        text = "".join(_without(text, opening, closing))
    return _find_links(text, url)


def _without(text: str, opening: str, closing: str) -> Iterator[str]:
    """Leave out what is between two marks."""
    at, low = 0, text.lower()
    while (begin := low.find(opening, at)) >= 0:
        yield text[at:begin]
        end = low.find(closing, begin)
        if end < 0:
            return
        at = end + len(closing)
    yield text[at:]


def _find_links(text: str, url: str) -> PageLinks:
    base, canonical, links = url, None, dict[str, None]()
    for tag in _TAG.finditer(text):
        kind, given = tag[1].lower(), _read_attributes(tag[2])
        target = _read_target(given.get("href", ""), base)
        if kind == "meta" and _forbids(given):
            return PageLinks((), canonical)
        if target is None:
            continue
        if kind == "base":
            base = target
        elif kind != "link":
            links[target] = None
        elif "canonical" in given.get("rel", "").lower().split():
            canonical = target
    return PageLinks(tuple(links)[:_MOST_LINKS], canonical)


def _read_attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
        for found in _ATTRIBUTE.finditer(text)
    }


def _forbids(meta: dict[str, str]) -> bool:
    """Tell whether the page asks robots not to follow its links."""
    return meta.get("name", "").lower() == "robots" and "nofollow" in meta.get("content", "")


def _read_target(href: str, base: str) -> str | None:
    if href.strip():
        with suppress(FetchRefusedError):  # mailto:, javascript:, and what is broken
            return normalise_url(href, base=base)
    return None
