import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.confidence import confidence

SCORES = st.floats(allow_nan=False)


@given(SCORES)
def test_a_confidence_is_a_probability(score: float) -> None:
    assert 0 <= confidence(score) <= 1


@given(SCORES, SCORES)
def test_a_higher_score_is_never_less_sure(one: float, other: float) -> None:
    low, high = sorted([one, other])

    assert confidence(low) <= confidence(high)


@pytest.mark.parametrize(("score", "least", "most"), [(0.15, 0, 0.01), (0.55, 0.99, 1)])
def test_questions_off_the_topic_and_answerable_ones_are_far_apart(
    score: float, least: float, most: float
) -> None:
    assert least <= confidence(score) <= most
