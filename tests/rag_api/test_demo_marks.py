from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from rag_api.demo.marks import mark_ranges

TEXT = "A 🦓 eats <b>grass</b> & sleeps."


def marked(html: str) -> str:
    return "".join(unescape(one) for one in re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL))


def strip(html: str) -> str:
    return unescape(re.sub(r"</?mark[^>]*>", "", html))


def test_offsets_count_code_points_and_texts_are_escaped() -> None:
    start = TEXT.index("<b>")

    html = mark_ranges(TEXT, [(100 + start, 100 + start + 12)], start=100, prefix="t1-2")

    assert html == (
        'A 🦓 eats <mark id="t1-2-109" tabindex="-1">&lt;b&gt;grass&lt;/b&gt;</mark> &amp; sleeps.'
    )


def test_ranges_that_overlap_have_a_mark_each_to_lead_to() -> None:
    html = mark_ranges("abcdef", [(1, 4), (2, 5), (1, 4)], start=0, prefix="t")

    assert html == (
        'a<mark id="t-1" tabindex="-1">b</mark><mark id="t-2" tabindex="-1">cd</mark>'
        "<mark>e</mark>f"
    )


def test_what_lies_outside_is_left_out() -> None:
    assert mark_ranges("abc", [(0, 2), (13, 20)], start=10, prefix="t") == "abc"


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(-3, 33), st.integers(-3, 33)), max_size=4),
)
def test_the_text_stays_and_just_the_ranges_are_marked(
    text: str, ranges: list[tuple[int, int]]
) -> None:
    html = mark_ranges(text, ranges, start=0, prefix="t")

    inside = [any(first <= place < last for first, last in ranges) for place in range(len(text))]
    assert strip(html) == text
    assert marked(html) == "".join(sign for sign, is_in in zip(text, inside, strict=True) if is_in)
