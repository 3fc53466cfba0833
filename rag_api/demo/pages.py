"""A cited passage of a PDF → its pages as pictures with the cited words marked, to be unfolded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from rag_api.demo.links import Links
from rag_api.demo.turns import Turn
from rag_api.events import Citation, PassageView

_LARGE_WIDTH = 2400
_MOST_PAGES = 4
"""Of one passage; its citations seldom go over more than two."""
_MOST_MARKS = 32
"""That the API takes for one page."""


def render_pages(turn: Turn, passage: PassageView, links: Links) -> str:
    """Write what the pages unfold from; they are fetched when that is done.

    Only once the answer is complete: each citation more would be another picture.
    """
    stretch = turn.stretches.get(passage.number)
    if turn.running or stretch is None or stretch.page_url is None:
        return ""
    cited = _sort_by_page(turn, passage.number, stretch.page_starts)
    address, title = links.reach(stretch.page_url), passage.title or passage.source
    pages = sorted(cited)[:_MOST_PAGES]
    return "".join(_page(page, cited[page][:_MOST_MARKS], address, title) for page in pages)


def _sort_by_page(
    turn: Turn, number: int, page_starts: Sequence[int]
) -> Mapping[int, Sequence[Citation]]:
    """The citations of a passage on each page; one that goes on over two is on both."""
    cited: dict[int, list[Citation]] = {}
    for one in turn.citations:
        for page in _find_pages(one, page_starts) if one.number == number else ():
            cited.setdefault(page, []).append(one)
    return cited


def _find_pages(citation: Citation, page_starts: Sequence[int]) -> range:
    first = bisect_right(page_starts, citation.start)
    return range(first, bisect_right(page_starts, citation.end - 1) + 1)


def _page(page: int, citations: Sequence[Citation], address: str, title: str) -> str:
    places = [place for one in citations for place in (("start", one.start), ("end", one.end))]
    url = address.replace("{page}", str(page))
    picture = f"{url}{'&' if '?' in url else '?'}{urlencode(places)}"
    marks = " ".join(str(one.start) for one in citations)
    return (
        f'<details class="page" data-picture="{escape(picture)}" data-marks="{marks}" '
        f'data-alt="Page {page} of {escape(title)}, with the cited words marked">'
        f"<summary>Page {page} as it looks in the original</summary>"
        '<p class="note" role="status"></p>'
        f'<p><a href="{escape(picture)}&amp;width={_LARGE_WIDTH}" target="_blank" '
        f'rel="noopener noreferrer">Open page {page} large</a></p></details>'
    )
