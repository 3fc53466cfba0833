import pytest

from rag_api.abstention import explain_misfit, explain_nothing, find_nearest, fits
from rag_api.events import Outcome, Retrieved
from rag_core.query import Empty
from tests.passages import PASSAGES, passage_of, retrieved


def test_what_fits_is_what_has_the_least_score() -> None:
    found = retrieved(*PASSAGES)

    assert fits(found.model_copy(update={"least_score": 0.6}))
    assert not fits(found.model_copy(update={"least_score": 0.61}))
    assert not fits(retrieved())


def test_what_a_reranker_left_out_counts_for_what_fits() -> None:
    weak = retrieved(PASSAGES[0].model_copy(update={"fused_score": 0.1}))

    assert fits(weak.model_copy(update={"best_score": 0.3}))
    assert not fits(weak.model_copy(update={"best_score": 0.2}))
    assert "scores 0.200" in explain_misfit(weak.model_copy(update={"best_score": 0.2}))


def test_the_nearest_come_by_their_score_with_their_place() -> None:
    passages = [passage_of(0, 9, number=number, fused_score=number / 10) for number in range(1, 6)]

    nearest = find_nearest(passages)

    assert [one.number for one in nearest] == [5, 4, 3]
    assert (nearest[0].fused_score, nearest[0].page) == (0.5, 2)
    assert nearest[0].url == passages[0].url


def test_a_misfit_is_explained_by_its_score_or_its_sentences() -> None:
    weak = retrieved(PASSAGES[0].model_copy(update={"fused_score": 0.1}))

    assert "scores 0.100, and 0.250" in explain_misfit(weak)
    assert "no sentence" in explain_misfit(retrieved(*PASSAGES))


@pytest.mark.parametrize(
    ("empty", "outcome", "said"),
    [
        ("empty_collection", "empty_collection", "'a', 'b' hold no passages"),
        ("filtered_out", "filtered_out", "collections 'a', 'b' passes the filter"),
        (None, "insufficient", "Nothing was found"),
    ],
)
def test_why_there_is_nothing_is_said_in_a_sentence(
    empty: Empty | None, outcome: Outcome, said: str
) -> None:
    found = Retrieved(
        question="q",
        query="q",
        collection="a",
        collections={"a": 1.0, "b": 2.0},
        passages=(),
        empty=empty,
    )

    text, known_as = explain_nothing(found)

    assert said in text
    assert known_as == outcome


def test_one_collection_is_named_as_one() -> None:
    assert explain_nothing(retrieved())[0] == (
        "The collection 'default' holds no passages to answer from."
    )
