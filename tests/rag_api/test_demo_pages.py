"""The pages of a passage, as they are written into the panel, and its links."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

from rag_api.demo.links import Links
from rag_api.demo.pages import render_pages
from rag_api.demo.turns import Stretch, Turn
from rag_api.events import Citation
from tests.answers import cited, passage_view

LINKS = Links("http://here", same_site=True)
STRETCH = Stretch(
    0, "", page_starts=(0, 100), page_url="http://here/v1/documents/d1/pages/{page}?signature=s"
)


def quote(start: int, end: int) -> Citation:
    return cited(1).citation.model_copy(update={"start": start, "end": end})


def render(*citations: Citation, stretch: Stretch = STRETCH, status: str = "done") -> str:
    turn = Turn(1, "What?", status=status, citations=citations, stretches={1: stretch})
    return render_pages(turn, passage_view(1, title='A "b" <i>'), LINKS)


def pictures(html: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'data-picture="([^"]*)"', html)]


def test_each_page_is_asked_for_with_all_that_is_cited_on_it() -> None:
    html = render(quote(10, 20), quote(90, 110))
    first, second = map(urlsplit, pictures(html))

    assert (first.netloc, first.path) == ("", "/v1/documents/d1/pages/1")
    assert parse_qs(first.query) == {
        "signature": ["s"],
        "start": ["10", "90"],
        "end": ["20", "110"],
    }
    assert second.path.endswith("/pages/2")
    assert parse_qs(second.query)["start"] == ["90"]
    assert 'data-marks="10 90"' in html
    assert "<i>" not in html


def test_pages_come_when_the_answer_is_complete_and_only_where_there_are_pictures() -> None:
    assert render(quote(10, 20), status="answering") == ""
    assert render(quote(10, 20), stretch=replace(STRETCH, page_url=None)) == ""
    assert pictures(render(quote(10, 20), stretch=replace(STRETCH, page_url="javascript:x"))) == [
        "#?start=10&end=20"
    ]


def test_a_pdf_on_the_web_opens_at_the_page() -> None:
    pdf = passage_view(1).model_copy(update={"source": "https://a.example/b.pdf?c#d"})
    page = passage_view(1).model_copy(update={"source": "https://a.example/b#d"})

    assert 'href="https://a.example/b.pdf?c#page=3"' in LINKS.write(pdf, page=3)
    assert 'href="https://a.example/b#d"' in LINKS.write(page, page=3)
