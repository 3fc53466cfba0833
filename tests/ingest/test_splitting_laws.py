from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import find_blocks
from ingest.split import split_document
from rag_core.documents import Chunk, Document, Markup, Splitting, Strategy
from rag_core.embedding.model import find_model
from rag_core.tokens import TokenCounter, open_counter

WORDS = st.sampled_from(["rhine", "flows", "Köln", "3.5", "naïve", "e.g.", "(Basel)", "日本", "I"])
SENTENCE = st.lists(WORDS, min_size=1, max_size=12).map(lambda words: " ".join(words) + ". ")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=6).map("".join)
BLOCK = st.one_of(
    PARAGRAPH,
    st.tuples(st.sampled_from(["# ", "## ", "### "]), WORDS).map("".join),
    st.lists(WORDS, min_size=1, max_size=6).map(lambda items: "\n".join(f"- {i}" for i in items)),
    st.lists(WORDS, max_size=8).map(
        lambda cells: "| a | b |\n|---|---|\n" + "\n".join(f"| {one} | x |" for one in cells)
    ),
    st.lists(WORDS, max_size=8).map(lambda lines: "```py\n" + "\n".join(lines) + "\n```"),
    st.text(max_size=60),
)
PAGES = st.lists(st.lists(BLOCK, max_size=6).map("\n\n".join), min_size=1, max_size=4)
SPLITTINGS = st.builds(
    lambda chunk, share, strategy: Splitting(chunk, int(share * (chunk - 1) / 2), strategy),
    st.integers(8, 60),
    st.floats(0, 1),
    st.sampled_from(["structure", "sentences", "pages"]),
)


@pytest.fixture(scope="module")
def counter() -> TokenCounter:
    """The real one, of the local model."""
    return open_counter(f"file:{find_model('local').tokenizer}")


def make(pages: list[str], markup: Markup) -> Document:
    starts = tuple(accumulate((len(page) + 1 for page in pages), initial=0))[:-1]
    return Document("/a", "A", "\n".join(pages), "text/markdown", markup, starts)


def split(document: Document, counter: TokenCounter, splitting: Splitting) -> tuple[Chunk, ...]:
    chunks = split_document(document, counter, splitting)
    assert all(one.text == document.text[one.start : one.end] for one in chunks)
    return chunks


def words(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(PAGES, st.sampled_from(["markdown", "plain"]), SPLITTINGS)
def test_chunks_cover_the_text_in_order_and_repeat_no_more_than_allowed(
    counter: TokenCounter, pages: list[str], markup: Markup, splitting: Splitting
) -> None:
    document = make(pages, markup)

    chunks = split(document, counter, splitting)

    reached = 0
    for chunk in chunks:
        assert words(document.text[reached : chunk.start]) == ""
        repeated = document.text[chunk.start : min(reached, chunk.end)].strip()
        assert counter.count(repeated) <= splitting.overlap_tokens
        reached = chunk.end
    assert words(document.text[reached:]) == ""
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end


@settings(max_examples=100, deadline=None)
@given(PAGES, st.sampled_from(["markdown", "plain"]), SPLITTINGS)
def test_no_chunk_passes_its_budget_as_the_model_counts(
    counter: TokenCounter, pages: list[str], markup: Markup, splitting: Splitting
) -> None:
    chunks = split(make(pages, markup), counter, splitting)

    assert all(one.tokens == counter.count(one.text) for one in chunks)
    assert all(one.tokens <= splitting.chunk_tokens for one in chunks)


@settings(max_examples=100, deadline=None)
@given(PAGES, SPLITTINGS)
def test_pages_and_headings_are_those_above_each_chunk(
    counter: TokenCounter, pages: list[str], splitting: Splitting
) -> None:
    document = make(pages, "markdown")
    headings = {
        block.heading: block.start
        for block in find_blocks(document.text, "markdown")
        if block.heading
    }
    headers = {block.header for block in find_blocks(document.text, "markdown")}

    for chunk in split(document, counter, splitting):
        assert chunk.page == bisect_right(document.page_starts, chunk.start)
        assert set(chunk.heading_path) <= set(headings) | headers


@settings(max_examples=100, deadline=None)
@given(PAGES, st.integers(8, 60), st.integers(0, 3))
def test_by_pages_no_chunk_is_on_two(
    counter: TokenCounter, pages: list[str], limit: int, overlap: int
) -> None:
    document = make(pages, "markdown")

    for chunk in split(document, counter, Splitting(limit, overlap, "pages")):
        assert chunk.page == bisect_right(document.page_starts, chunk.end - 1)


TEXT = " ".join(f"Sentence {number} says so." for number in range(40))


@pytest.mark.parametrize("strategy", ["structure", "sentences", "pages"])
def test_a_chunk_begins_with_the_last_sentences_of_the_one_before(
    counter: TokenCounter, strategy: Strategy
) -> None:
    document = Document("/a", "A", TEXT, "text/plain", "plain")

    chunks = split(document, counter, Splitting(40, 12, strategy))

    assert len(chunks) > 3
    for before, after in pairwise(chunks):
        repeated = document.text[after.start : before.end]
        assert re.fullmatch(r"Sentence \d+ says so\.( Sentence \d+ says so\.)*", repeated)


def test_lines_of_code_and_rows_are_repeated_whole(counter: TokenCounter) -> None:
    rows = "\n".join(f"| row {number} | words |" for number in range(30))
    document = Document("/a", "A", f"| n | w |\n|---|---|\n{rows}", "text/markdown", "markdown")

    chunks = split(document, counter, Splitting(60, 20))

    repeated = [document.text[b.start : a.end] for a, b in pairwise(chunks)]
    assert all(one.startswith("| row ") and one.endswith("|") for one in repeated)
    assert {chunk.heading_path for chunk in chunks[1:]} == {("n, w",)}


def test_no_overlap_crosses_a_heading(counter: TokenCounter) -> None:
    text = f"# A\n\n{TEXT}\n\n# B\n\n{TEXT}"
    document = Document("/a", "A", text, "text/markdown", "markdown")

    chunks = split(document, counter, Splitting(64, 24))

    (first,) = [chunk for chunk in chunks if "# B" in chunk.text]
    assert first.text.startswith("# B")


def test_by_sentences_small_sections_share_chunks(counter: TokenCounter) -> None:
    text = "\n\n".join(f"# Heading {number}\n\n{'It says little. ' * 20}" for number in range(8))
    document = Document("/a", "A", text, "text/markdown", "markdown")

    by_structure = split(document, counter, Splitting(128))
    by_sentences = split(document, counter, Splitting(128, 0, "sentences"))

    assert len(by_sentences) < len(by_structure)
    assert all(not chunk.text.rsplit("\n", 1)[-1].startswith("#") for chunk in by_sentences)
