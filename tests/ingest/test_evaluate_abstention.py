from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.evaluate.abstention import choose_threshold, measure_auroc, try_threshold
from rag_core.errors import InvalidRequestError

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.9]), min_size=1, max_size=12)


@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_order(high: list[float], low: list[float]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in high for b in low]

    assert measure_auroc(high, low) == pytest.approx(sum(pairs) / len(pairs))


def test_without_questions_of_both_kinds_there_is_no_auroc() -> None:
    assert measure_auroc([0.5], []) is None
    assert measure_auroc([], [0.5]) is None


@given(
    st.lists(st.floats(-0.4, 1.0), min_size=20, max_size=200),
    st.lists(st.floats(-0.4, 1.0), max_size=20),
    st.sampled_from([0.5, 0.9, 0.98, 1.0]),
)
def test_the_threshold_keeps_at_least_the_share(
    answerable: list[float], unanswerable: list[float], keep: float
) -> None:
    chosen = choose_threshold(answerable, unanswerable, keep=keep)

    assert chosen.kept >= keep - 1e-9
    assert chosen == try_threshold(chosen.least_score, answerable, unanswerable)
    assert (chosen.rejected is None) == (not unanswerable)


def test_the_threshold_is_the_highest_that_does() -> None:
    answerable = [at / 100 for at in range(100)]

    chosen = choose_threshold(answerable, [0.01, 0.5], keep=0.98)

    assert (chosen.least_score, chosen.kept, chosen.rejected) == (0.02, 0.98, 0.5)


def test_few_questions_are_no_ground_for_a_threshold() -> None:
    with pytest.raises(InvalidRequestError, match="needs 20 answerable questions or more, not 19"):
        choose_threshold([0.5] * 19, [], keep=0.98)
