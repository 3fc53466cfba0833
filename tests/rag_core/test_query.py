from __future__ import annotations

from dataclasses import replace

import pytest

from rag_core.documents import Passage
from rag_core.errors import InvalidRequestError
from rag_core.query import Empty, Found, Query, fuse, merge


def passage(collection: str, fused_score: float) -> Passage:
    return Passage(
        chunk_id=f"{collection}-{fused_score}",
        document_id=collection,
        collection=collection,
        source="/a",
        title="",
        text="a",
        start=0,
        end=1,
        page=None,
        heading_path=(),
        score=0.5,
        lexical_score=1.0,
        fused_score=fused_score,
    )


def found(collection: str, *scores: float) -> Found:
    return Found([passage(collection, score) for score in scores])


def test_weights_decide_the_order_and_leave_the_scores() -> None:
    merged = merge([(1.0, found("a", 0.8, 0.4)), (1.5, found("b", 0.6, 0.2))], 3)

    assert [one.fused_score for one in merged.passages] == [0.6, 0.8, 0.4]


def test_a_larger_weight_never_pushes_a_passage_down() -> None:
    merged = merge([(1.0, found("a", -0.1)), (100.0, found("b", -0.1))], 2)

    assert [one.collection for one in merged.passages] == ["b", "a"]


def test_equal_passages_stay_in_the_order_of_the_collections() -> None:
    merged = merge([(1.0, found("a", 0.5)), (1.0, found("b", 0.5))], 2)

    assert [one.collection for one in merged.passages] == ["a", "b"]


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (("empty_collection", "empty_collection"), "empty_collection"),
        (("empty_collection", "filtered_out"), "filtered_out"),
        (("empty_collection", None), None),
    ],
)
def test_why_there_is_nothing_is_said_of_all_together(
    reasons: tuple[Empty | None, ...], expected: Empty | None
) -> None:
    merged = merge([(1.0, Found((), reason)) for reason in reasons], 3)

    assert merged == Found((), expected)


@pytest.mark.parametrize("query", [Query(" ", 1), Query("cats", 0), Query("cats", 1, (" ",))])
def test_what_cannot_be_searched_is_refused(query: Query) -> None:
    with pytest.raises(InvalidRequestError):
        query.check()


@pytest.mark.parametrize(
    ("strict", "loose", "least"),
    [
        ((0.5,), (0.35,), 0.3),
        ((0.5,), (0.2,), 0.4),
        ((0.35,), (0.2,), 0.4),
        ((0.35,), (), 0.4),
        ((0.2,), (0.25,), 0.3),
    ],
)
def test_the_least_score_is_that_of_a_collection_whose_passages_have_it(
    strict: tuple[float, ...], loose: tuple[float, ...], least: float
) -> None:
    calibrated = replace(found("a", *strict), least_score=0.4)
    other = replace(found("b", *loose), least_score=0.3)

    merged = merge([(1.0, calibrated), (1.0, other)], 2)

    answers = (*strict, 0)[0] >= 0.4 or (*loose, 0)[0] >= 0.3
    assert merged.least_score == least
    assert (max(one.fused_score for one in merged.passages) >= least) == answers


def test_wordings_are_searched_deeper_and_each_once() -> None:
    query = Query("cats", 3, ("felines", "cats", "felines"))

    assert [(one.text, one.variants) for one in query.each()] == [("cats", ()), ("felines", ())]
    assert min(one.top_k for one in query.each()) > 3


def test_a_fused_score_is_the_mean_over_the_wordings() -> None:
    first, second = passage("a", 0.8), passage("b", 0.4)
    again = replace(second, fused_score=0.9, score=0.7)

    fused = fuse([Found([first, second]), Found([again, replace(first, fused_score=0.1)])], 5)

    assert [one.document_id for one in fused.passages] == ["b", "a"]
    assert [one.fused_score for one in fused.passages] == pytest.approx([0.65, 0.45])
    assert [one.score for one in fused.passages] == [0.7, 0.5]


def test_what_one_wording_did_not_find_counts_as_the_last_that_it_found() -> None:
    fused = fuse([found("a", 0.8, 0.4), found("b", 0.6, 0.2)], 5)

    assert [one.fused_score for one in fused.passages] == pytest.approx([0.5, 0.5, 0.3, 0.3])


def test_fusing_keeps_the_reason_and_the_least_score() -> None:
    assert fuse([Found((), "filtered_out"), Found((), "filtered_out")], 3).empty == "filtered_out"
    assert fuse([replace(found("a", 0.5), least_score=0.4)] * 2, 3).least_score == 0.4
    assert len(fuse([found("a", 0.5, 0.4)], 1).passages) == 1
