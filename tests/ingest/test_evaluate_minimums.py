from __future__ import annotations

import pytest

from ingest.evaluate.evaluation import Missed
from ingest.evaluate.minimums import find_missed, read_minimums
from rag_core.errors import InvalidRequestError

KNOWN = ["ndcg@10", "auroc"]


def test_several_minimums_are_read() -> None:
    assert read_minimums(["ndcg@10=0.70", "AUROC = .6"], KNOWN) == {"ndcg@10": 0.7, "auroc": 0.6}


@pytest.mark.parametrize("given", ["ndcg@10", "=1", "", "ndcg@10:0.7"])
def test_what_is_no_minimum_is_refused(given: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be METRIC=VALUE"):
        read_minimums([given], KNOWN)


@pytest.mark.parametrize("value", ["", "high", "nan", "inf", "0,7"])
def test_a_value_must_be_a_number(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no number"):
        read_minimums([f"auroc={value}"], KNOWN)


def test_an_unknown_metric_names_the_known_ones() -> None:
    with pytest.raises(
        InvalidRequestError, match="'ndcg@7' is not measured here; what is: ndcg@10"
    ):
        read_minimums(["ndcg@7=0.5"], KNOWN)


def test_a_minimum_of_questions_that_expect_nothing_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidRequestError, match="no question says what should be found"):
        read_minimums(["ndcg@10=0.5"], [])


def test_what_is_too_low_or_has_no_value_is_missed() -> None:
    minimums = {"ndcg@10": 0.7, "auroc": 0.5, "f1": 0.1}

    missed = find_missed(minimums, {"ndcg@10": 0.69, "auroc": 0.5})

    assert missed == (Missed("ndcg@10", 0.69, 0.7), Missed("f1", 0.0, 0.1))
