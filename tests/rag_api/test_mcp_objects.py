from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_api.wire.completed import Completed
from rag_api.wire.mcp_objects import (
    WINDOW_CHARACTERS,
    AskArguments,
    find_window,
    view_fetched,
    view_results,
    view_tool_answer,
)
from rag_core.filter_values import FIELDS
from tests.answers import DONE, MISSED, RETRIEVED, cited, passage_view
from tests.api import DOCUMENT, SOURCE, TEXT


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int, int]:
    """A text, as long as three windows at most, and a place in it."""
    line = draw(st.text("ab \n", max_size=300)) + "x"
    text = line * draw(st.integers(1, 3 * WINDOW_CHARACTERS // len(line)))
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, min(len(text), start + 2_000)))


@given(places())
def test_a_window_holds_the_passage_and_is_not_too_long(place: tuple[str, int, int]) -> None:
    text, start, end = place

    first, last = find_window(text, start, end)

    assert 0 <= first <= start <= end <= last <= len(text)
    assert last - first <= WINDOW_CHARACTERS


@given(places())
def test_a_text_that_fits_is_not_cut(place: tuple[str, int, int]) -> None:
    text = place[0][:WINDOW_CHARACTERS]

    assert find_window(text, 0, min(5, len(text))) == (0, len(text))


def test_a_window_that_is_cut_begins_and_ends_with_a_line() -> None:
    text = "a line of the document\n" * 4_000
    start = len(text) // 2

    first, last = find_window(text, start, start + 100)

    assert text[first - 1] == text[last - 1] == "\n"
    assert last - first > WINDOW_CHARACTERS - 100


def test_a_window_at_the_end_of_a_text_is_as_long_as_others() -> None:
    text = "x" * 100_000

    assert find_window(text, 99_990, 100_000) == (80_000, 100_000)


def test_a_passage_longer_than_the_window_is_whole() -> None:
    assert find_window("x" * 100_000, 10, 50_000) == (10, 50_000)


def test_a_model_is_told_of_every_field_that_a_filter_may_name() -> None:
    told = AskArguments.model_json_schema()["properties"]["filter"]["description"]

    assert all(field in told for field in FIELDS)


def test_a_result_is_titled_by_document_and_headings() -> None:
    named, unnamed = view_results([passage_view(1), passage_view(2, title="")]).results

    assert (named.id, named.title) == ("d1-0", "Guide > Start")
    assert unnamed.title == "Start"


def test_a_title_is_never_empty() -> None:
    bare = passage_view(1, title="").model_copy(update={"heading_path": ()})

    assert view_results([bare]).results[0].title == "/docs/1.md"


def test_a_short_document_is_fetched_whole() -> None:
    source = SOURCE.model_copy(update={"metadata": {"team": "sales", "source": "x"}})

    fetched = view_fetched(source, DOCUMENT, url="http://here")

    assert fetched.text == TEXT
    assert fetched.metadata == {
        "team": "sales",
        "passage": SOURCE.text,
        "source": "/docs/price.md",
        "collection": "default",
        "document_id": "d1",
        "start": str(SOURCE.start),
        "end": str(SOURCE.end),
        "page": "2",
    }


def test_a_long_document_is_cut_and_says_so() -> None:
    document = DOCUMENT.model_copy(update={"text": TEXT + "x" * 50_000})
    source = SOURCE.model_copy(update={"page": None})

    fetched = view_fetched(source, document, url="http://here")

    assert len(fetched.text) == WINDOW_CHARACTERS
    assert SOURCE.text in fetched.text
    assert fetched.metadata["cut"].startswith(
        "text is characters 0 to 20,000 of the document's 50,"
    )
    assert "page" not in fetched.metadata


def test_sources_come_by_number_and_each_quote_once() -> None:
    citations = (cited(2), cited(1), cited(2, at=90))

    answer = view_tool_answer(
        Completed(
            RETRIEVED, "Two [2], one [1], two [2].", tuple(c.citation for c in citations), DONE
        )
    )

    assert [source.number for source in answer.sources] == [1, 2]
    assert len({source.url for source in answer.sources}) == 2


def test_the_nearest_misses_can_be_fetched() -> None:
    answer = view_tool_answer(Completed(RETRIEVED, "No.", (), MISSED))

    assert [one.id for one in answer.nearest] == ["d1-0"]
    assert answer.outcome == "insufficient"
