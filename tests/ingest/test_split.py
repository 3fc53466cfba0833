from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.split import split_document
from rag_core.documents import Chunk, Document, Markup, Splitting

WORDS = "One two three four five. "
PIECES = ["word ", "End. ", "\n", "\n\n", "# A\n", "## B\n", "- x", "```\n", "| a |\n", "é。", "\t"]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


class PieceCounter:
    """Counts words and, as tokenizers do, every four characters of a long one."""

    name = "pieces"
    exact = True

    def count(self, text: str) -> int:
        return sum(-(-len(word) // 4) for word in re.findall(r"\w+|[^\w\s]", text))


class SpaceCounter(PieceCounter):
    """Counts white space too, so that pieces count more together than one by one."""

    def count(self, text: str) -> int:
        return len(text)


class CallCounter(PieceCounter):
    """Remembers how often it was asked."""

    calls = 0

    def count(self, text: str) -> int:
        self.calls += 1
        return super().count(text)


def split(text: str, *, max_tokens: int = 16, markup: Markup = "markdown") -> tuple[Chunk, ...]:
    document = Document("/a.md", "A", text, "text/markdown", markup)
    return split_document(document, PieceCounter(), Splitting(max_tokens))


def texts(chunks: tuple[Chunk, ...]) -> list[str]:
    return [chunk.text for chunk in chunks]


@given(TEXTS, st.sampled_from(["markdown", "plain"]), st.integers(2, 40))
def test_a_chunk_is_the_text_between_its_offsets(text: str, markup: Markup, limit: int) -> None:
    chunks = split(text, markup=markup, max_tokens=limit)

    assert all(chunk.text == text[chunk.start : chunk.end] for chunk in chunks)
    assert all(chunk.tokens == PieceCounter().count(chunk.text) for chunk in chunks)


@given(TEXTS, st.sampled_from(["markdown", "plain"]), st.integers(2, 40))
def test_chunks_hold_all_words_in_order_and_once(text: str, markup: Markup, limit: int) -> None:
    chunks = split(text, markup=markup, max_tokens=limit)

    assert all(before.end <= after.start for before, after in pairwise(chunks))
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())
    assert all(chunk.text == chunk.text.strip() != "" for chunk in chunks)


@given(TEXTS, st.sampled_from([PieceCounter(), SpaceCounter()]), st.integers(2, 40))
def test_no_chunk_has_more_tokens_than_allowed(
    text: str, counter: PieceCounter, limit: int
) -> None:
    document = Document("/a.md", "A", text, "text/markdown", "markdown")

    chunks = split_document(document, counter, Splitting(limit))

    assert all(0 <= chunk.tokens <= limit for chunk in chunks)


def test_a_short_text_is_one_chunk() -> None:
    chunks = split("# Title\n\nA few words.\n")

    assert texts(chunks) == ["# Title\n\nA few words."]
    assert chunks[0].heading_path == ("Title",)


def test_an_empty_text_has_no_chunks() -> None:
    assert split(" \n\t\n") == ()


def test_heading_paths_name_every_level_outermost_first() -> None:
    text = (
        f"# A\n\n{WORDS * 2}\n\n## B\n\n{WORDS * 2}\n\n### C\n\n{WORDS * 2}\n\n# D\n\n{WORDS * 2}"
    )

    chunks = split(text, max_tokens=20)

    paths = [chunk.heading_path for chunk in chunks]
    assert paths == [("A",), ("A", "B"), ("A", "B", "C"), ("D",)]


def test_small_sections_of_one_parent_share_a_chunk_under_its_path() -> None:
    text = "# Parent\n\n## B\n\nbe\n\n## C\n\nsee\n\n## D\n\nde"

    (chunk,) = split(text, max_tokens=40)

    assert chunk.heading_path == ("Parent",)
    assert chunk.text == text


def test_a_heading_stays_with_what_follows() -> None:
    text = f"{WORDS * 3}\n\n## Next\n\n{WORDS * 4}"

    chunks = split(text)

    assert not any(chunk.text.endswith("## Next") for chunk in chunks)
    assert any(chunk.text.startswith("## Next\n\nOne") for chunk in chunks)


def test_hashes_inside_code_are_no_headings() -> None:
    chunks = split("# Real\n\n```sh\n# comment\nls\n```\n\nSetext\n------\n\nwords", max_tokens=30)

    assert {chunk.heading_path for chunk in chunks} <= {("Real",), ("Real", "Setext")}


def test_headings_lose_their_markup() -> None:
    (chunk,) = split("## **Bold** `code` [link](http://x) { #anchor } ##\n\nword", max_tokens=40)

    assert chunk.heading_path == ("Bold code link",)


def test_a_fence_that_fits_is_not_cut() -> None:
    fence = "```python\nfirst = 1\n\nsecond = 2\n```"

    chunks = split(f"{WORDS * 3}\n\n{fence}\n\n{WORDS * 3}", max_tokens=20)

    assert any(fence in chunk.text for chunk in chunks)


def test_a_fence_over_the_limit_is_cut_at_its_lines() -> None:
    lines = [f"value_{number} = {number}" for number in range(20)]

    chunks = split("```\n" + "\n".join(lines) + "\n```")

    assert all(sum(line in chunk.text.split("\n") for chunk in chunks) == 1 for line in lines)


def test_table_rows_are_not_cut() -> None:
    rows = [f"| row {number} | with. Some words |" for number in range(8)]

    chunks = split("\n".join(rows), max_tokens=24)

    assert all(sum(row in chunk.text for chunk in chunks) == 1 for row in rows)


@pytest.mark.parametrize("markup", ["markdown", "plain"])
def test_long_paragraphs_are_cut_between_sentences(markup: Markup) -> None:
    chunks = split(WORDS * 20, markup=markup)

    assert all(chunk.text.endswith("five.") for chunk in chunks)
    assert len(chunks) > 5


def test_chunks_of_a_long_section_are_of_even_size() -> None:
    paragraphs = "\n\n".join(["One two three. Four five six."] * 9)

    sizes = [chunk.tokens for chunk in split(paragraphs, max_tokens=40)]

    assert sizes == [27, 27, 27]


def test_a_run_without_spaces_is_cut_anywhere() -> None:
    chunks = split("x" * 1000)

    assert "".join(texts(chunks)) == "x" * 1000
    assert len(chunks) >= 1000 // 64


def test_a_paragraph_longer_than_a_slab_is_cut_at_a_space() -> None:
    text = "word " * 40_000

    chunks = split(text, max_tokens=256)

    assert {word for chunk in chunks for word in chunk.text.split()} == {"word"}


def test_what_looks_like_markdown_is_plain_in_plain_text() -> None:
    (chunk,) = split("# no heading\nwords", markup="plain")

    assert chunk.heading_path == ()


def test_the_page_is_that_of_the_first_character() -> None:
    pages = [WORDS * 2, WORDS * 3, WORDS * 2]
    text = "\n\n".join(pages)
    starts = (0, text.index("\n\n") + 2, text.rindex("\n\n") + 2)
    document = Document("/a.pdf", "A", text, "application/pdf", "markdown", starts)

    chunks = split_document(document, PieceCounter(), Splitting(16))

    expected = [sum(start <= chunk.start for start in starts) for chunk in chunks]
    assert [chunk.page for chunk in chunks] == expected
    assert {1, 3} <= set(expected)


@pytest.mark.parametrize("markup", ["markdown", "plain"])
def test_very_short_lines_cost_few_counts(markup: Markup) -> None:
    counter = CallCounter()
    document = Document("/a.md", "A", "{\n" * 50_000, "text/markdown", markup)

    split_document(document, counter, Splitting(256))

    assert 0 < counter.calls < 10_000


def test_rows_of_a_table_carry_the_names_of_its_columns() -> None:
    rows = "".join(f"| row {number} | words of it |\n" for number in range(9))
    chunks = split(f"# A\n\n| Name | Say\\|ing |\n| --- | --- |\n{rows}\nAfter it.")

    assert chunks[0].heading_path == ("A",)
    assert chunks[1].heading_path == ("A", "Name, Say|ing")
    assert chunks[-1].text.endswith("After it.")


def test_a_table_may_begin_the_text() -> None:
    chunks = split("| Name |\n| --- |\n" + "| words of it |\n" * 9)

    assert chunks[1].heading_path == ("Name",)


def test_rows_without_a_header_carry_none() -> None:
    chunks = split("\n".join("| row | words of it |" for _ in range(9)))

    assert {chunk.heading_path for chunk in chunks} == {()}
