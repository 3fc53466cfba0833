"""The same letters are found on a page, however its text was read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_api.pictures.matching import match_ranges


def found(text: str, quote: str, page: str, *, nth: int = 0) -> list[str]:
    """What of the page is marked for this quote, the nth of its places in the text."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(quote, start + 1)
    matched = match_ranges(text, [(start, start + len(quote))], page)
    return [page[first:last] for first, last in matched.ranges]


def test_line_ends_hyphens_ligatures_accents_and_markdown_make_no_difference() -> None:
    text = "# Title\n\n**The** café has an efficient example | of it |"
    page = "Title\r\nThe cafe\u0301 has an e\ufb03cient exam\ufffe\r\nple of it"

    assert found(text, "The** café has an efficient example | of", page) == [
        "The cafe\u0301 has an e\ufb03cient exam\ufffe\r\nple of"
    ]


def test_of_a_repeated_quote_the_one_with_the_same_words_around_is_marked() -> None:
    page = "First comes the fee of 5 euros. Then nothing. Last comes the fee of 5 euros. The end."
    matched = match_ranges(page, [(page.rindex("the fee"), page.rindex(" euros"))], page)

    assert matched.ranges == ((page.rindex("the fee"), page.rindex(" euros")),)


def test_rows_that_are_all_the_same_are_told_by_their_place() -> None:
    row = "total 12 euros\n"
    matched = match_ranges(row * 5, [(2 * len(row), 3 * len(row) - 1)], row * 5)

    assert matched.ranges == ((2 * len(row), 3 * len(row) - 1),)


def test_what_stands_in_another_order_is_found_in_pieces() -> None:
    text = "The left column goes on here. And the right column begins here."
    page = "And the right column begins here. A picture. The left column goes on here."

    assert found(text, text, page) == [
        "The left column goes on here",
        "And the right column begins here",
    ]


def test_a_word_that_is_missing_costs_that_word_only() -> None:
    text, page = "It was read by OCR as m0dern and is fine.", "It was read by OCR as and is fine."
    matched = match_ranges(text, [(0, len(text))], page)

    assert [page[first:last] for first, last in matched.ranges] == [
        "It was read by OCR as",
        "and is fine",
    ]
    assert matched.share == 25 / 31


def test_what_is_not_on_the_page_marks_nothing() -> None:
    matched = match_ranges("A scanned page, read by OCR.", [(0, 14)], "")

    assert (matched.ranges, matched.share) == ((), 0.0)
    assert match_ranges("a + b", [(2, 3)], "a + b").share == 0.0
    assert found("the cat sat", "the", "in other words the theme is theatre") == []


WORDS = st.lists(st.text("abcdefgé", min_size=1, max_size=8), min_size=1, max_size=30)


@given(WORDS, st.data())
def test_a_quote_is_found_at_its_place_in_its_own_page(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    start = len(" ".join([*words[:first], ""]))
    page = "\r\n".join(words)
    matched = match_ranges(text, [(start, len(text))], page)

    sure = len(text.replace(" ", "")) >= 8
    assert not sure or [page[a:b] for a, b in matched.ranges] == ["\r\n".join(words[first:])]
