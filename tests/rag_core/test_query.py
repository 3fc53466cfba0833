from __future__ import annotations

import pytest

from rag_core.documents import Passage
from rag_core.errors import InvalidRequestError
from rag_core.query import Empty, Found, Query, merge


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


@pytest.mark.parametrize("query", [Query(" ", 1), Query("cats", 0)])
def test_what_cannot_be_searched_is_refused(query: Query) -> None:
    with pytest.raises(InvalidRequestError):
        query.check()


def test_of_several_collections_the_lowest_least_score_counts() -> None:
    strict, loose = (Found(found("a", 0.5).passages, least_score=least) for least in (0.4, 0.3))

    assert merge([(1.0, strict), (1.0, loose)], 2).least_score == 0.3
