from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.fetch.links import PageLinks, read_links


def read(tmp_path: Path, page: str, url: str = "http://h/docs/a") -> PageLinks:
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8", errors="replace")
    return read_links(path, url=url)


def test_links_are_read_in_their_page(tmp_path: Path) -> None:
    page = (
        "<a class=x href=\"b\">b</a> <A HREF='/c?x=1&amp;y=2#d'>c</A> <area href=../e> <a href=b>"
    )

    links = read(tmp_path, page).links

    assert links == ("http://h/docs/b", "http://h/c?x=1&y=2", "http://h/e")


def test_a_base_changes_what_follows_it(tmp_path: Path) -> None:
    assert read(tmp_path, '<base href="/x/"><a href="y">').links == ("http://h/x/y",)


def test_a_page_may_name_its_own_url(tmp_path: Path) -> None:
    page = '<link rel="stylesheet" href="s.css"><link href="/docs/A" rel="canonical">'

    assert read(tmp_path, page) == PageLinks((), "http://h/docs/A")


def test_a_page_may_ask_not_to_be_followed(tmp_path: Path) -> None:
    page = '<a href="b"><meta name="robots" content="noindex, nofollow"><a href="c">'

    assert read(tmp_path, page).links == ()


@pytest.mark.parametrize(
    "page",
    [
        '<!-- <a href="b"> -->',
        "<script>x = '<a href=\"b\">'</script>",
        '<a href="mailto:b@c.d"> <a href="javascript:b()"> <a href="http://u:p@h/"> <a href=" ">',
        '<abbr href="b">',
        "<!-- <a href=b>",
    ],
)
def test_what_is_no_link_is_passed_over(tmp_path: Path, page: str) -> None:
    assert read(tmp_path, page).links == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="<a href=\"'>!-b/:?#&\u20ac\ud800", max_size=60))
def test_any_text_is_a_page(tmp_path: Path, page: str) -> None:
    assert all(link.startswith(("http://", "https://")) for link in read(tmp_path, page).links)


@pytest.mark.parametrize("part", ["<a ", "<!--", "<script", "<a href=", 'href="', "<a b='"])
def test_a_hostile_page_takes_no_time(tmp_path: Path, part: str) -> None:
    began = time.process_time()

    read(tmp_path, part * (1_000_000 // len(part)))

    assert time.process_time() - began < 2
