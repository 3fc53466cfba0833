from __future__ import annotations

from ingest.evaluate.dataset import ExpectedPassage, Question
from ingest.evaluate.judging import failed, judge
from rag_core.errors import InvalidRequestError
from tests.ingest.evaluate_support import passage


def question(*expected: ExpectedPassage) -> Question:
    return Question("q", "Why?", "here:1", {"a": 1}, expected)


def test_a_document_counts_where_its_best_passage_is() -> None:
    found = [passage("b", "x", score=0.9), passage("a", "y"), passage("b", "z"), passage("c", "w")]

    result = judge(question(), found, milliseconds=3.0)

    assert result.documents == ("b", "a", "c")
    assert (result.best_score, result.milliseconds) == (0.9, 3.0)
    assert [one.expected for one in result.shown] == [False, True, False]


def test_a_passage_is_found_where_more_than_half_of_it_is() -> None:
    found = [
        passage("a", "x" * 10),
        passage("b", "x" * 90, start=10),
        passage("a", "x" * 90, start=10),
    ]

    result = judge(question(ExpectedPassage("a", (), 6, 20)), found, milliseconds=0)

    assert result.ranks == (3,)


def test_a_passage_is_found_by_its_text_whatever_case_and_spaces() -> None:
    found = [passage("b", "nothing"), passage("a", "It costs\n12  Euros.")]

    result = judge(
        question(
            ExpectedPassage(None, ("twelve euros", "12 EUROS")), ExpectedPassage("b", ("it",))
        ),
        found,
        milliseconds=0,
    )

    assert result.ranks == (2, None)


def test_nothing_found_is_a_result() -> None:
    result = judge(question(ExpectedPassage(None, ("x",))), [], milliseconds=0)

    assert (result.documents, result.ranks, result.best_score) == ((), (None,), 0.0)


def test_a_search_that_failed_found_nothing() -> None:
    result = failed(question(ExpectedPassage(None, ("x",))), InvalidRequestError("too odd"))

    assert result.error == "InvalidRequestError: too odd"
    assert result.ranks == (None,)
