from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_api.citations import CitationFinder
from rag_api.events import Cited, Delta
from tests.passages import DOCUMENT, PASSAGES

MARKDOWN = st.lists(
    st.sampled_from(
        [
            *("[1]", "[2", "]", "[", "1", ", ", "-", "[1, 2]", "[9]", "(", ":", "^", "\\"),
            *("`", "``", "```", "~~~", "\n", "\n\n", " ", "> ", "a", "The light. ", "é", "py"),
        ]
    ),
    max_size=25,
).map("".join)


def find(*pieces: str) -> list[Delta | Cited]:
    finder = CitationFinder(PASSAGES)
    events = [event for piece in pieces for event in finder.feed(piece)]
    return [*events, *finder.finish()]


def merge(events: list[Delta | Cited]) -> list[str | Cited]:
    merged: list[str | Cited] = []
    for event in events:
        if isinstance(event, Cited):
            merged.append(event)
        elif merged and isinstance(merged[-1], str):
            merged[-1] += event.text
        else:
            merged.append(event.text)
    return merged


def numbers(*pieces: str) -> list[int]:
    return [event.citation.number for event in find(*pieces) if isinstance(event, Cited)]


@given(text=MARKDOWN, cuts=st.lists(st.integers(0, 120), max_size=8))
@example(text="see [1]`x`", cuts=[7])
@example(text="```[1]\n```\n[1]", cuts=[2, 8])
def test_however_the_text_is_cut_the_events_are_the_same(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]

    assert merge(find(*pieces)) == merge(find(text)) == merge(find(*text))


@given(text=MARKDOWN)
def test_the_deltas_are_the_text_and_each_citation_follows_its_marker(text: str) -> None:
    seen = ""

    for event in find(*text):
        if isinstance(event, Cited):
            citation = event.citation
            assert citation.answer_end == len(seen)
            assert seen[citation.answer_start :].startswith("[")
            assert DOCUMENT[citation.start : citation.end] == citation.quote
            assert citation.number in {1, 2}
        else:
            seen += event.text

    assert seen == text


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("It is [1].", [1]),
        ("It is[1][2]", [1, 2]),
        ("It is [1, 2] and [2; 1].", [1, 2, 2, 1]),
        ("It is [1-2], [1–2].", [1, 2, 1, 2]),
        ("It is [ 1 ].", [1]),
        ("It is [1]: yes", [1]),
        ("It is 🗼 [2]", [2]),
    ],
)
def test_markers_are_found(text: str, cited: list[int]) -> None:
    assert numbers(text) == cited


@pytest.mark.parametrize(
    "text",
    [
        "[3] [0] [99999] [2-1] [1-999]",
        "[1](http://x) and [^1] and \\[1]",
        "so\n[1]: http://x",
        "`a[1]` and ``b`[1]``",
        "```py\na[1]\n\nb[2]\n```",
        "text\n  ~~~\n[1]\n```\n[1]\n~~~~",
        "> ```\n> [1]\n> ```",
        "[1 2] [,] [] [a1] [1,]",
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    "text",
    ["```\nx\n``` \n[1]", "`x` [1]", "a ` b\n\n[1]", "~x~ [1]", "```x``` [1]", "~~~\n~~~\n[1]"],
)
def test_after_code_markers_count_again(text: str) -> None:
    assert numbers(text) == [1]


def test_text_is_never_held_back() -> None:
    finder = CitationFinder(PASSAGES)

    assert finder.feed("see [1") == [Delta(text="see [1")]
    assert finder.feed("]") == [Delta(text="]")]
    assert isinstance(finder.feed(" and")[0], Cited)


def test_the_quote_is_the_sentence_that_supports_the_statement() -> None:
    events = find("It stands high. The light became automatic in 1994 [2]. Fine.")

    quotes = [event.citation.quote for event in events if isinstance(event, Cited)]
    assert quotes == ["The light was made automatic in 1994, and the last keepers left."]


def test_markers_in_a_row_share_their_statement() -> None:
    events = find("Keepers lived on the rock for six weeks. [1][2]")

    quotes = [event.citation.quote for event in events if isinstance(event, Cited)]
    assert quotes[1] == "Its keepers lived on the rock for six weeks at a time."
