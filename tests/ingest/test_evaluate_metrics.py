from __future__ import annotations

import math
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.evaluate.dataset import ExpectedPassage, Question
from ingest.evaluate.errors import MissingExtraError
from ingest.evaluate.metrics import (
    average,
    load_trec_eval,
    measure_latency,
    ranking_names,
    score_questions,
)
from tests.ingest.evaluate_support import judged


def question(name: str, documents: Mapping[str, int], *, passages: int = 0) -> Question:
    expected = tuple(ExpectedPassage(None, (str(at),)) for at in range(passages))
    return Question(name, "Why?", "here:1", documents, expected)


def test_the_figures_are_those_of_trec_eval() -> None:
    one = judged(question("q", {"a": 1, "b": 2, "z": 1}), ["x", "a", "y", "b"])

    values = score_questions([one], top_k=10)["q"]

    best = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert values["ndcg@10"] == pytest.approx((1 / math.log2(3) + 2 / math.log2(5)) / best)
    assert values["recall@3"] == pytest.approx(1 / 3)
    assert values["precision@5"] == pytest.approx(2 / 5)
    assert values["map@10"] == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert (values["hit@1"], values["hit@3"]) == (0.0, 1.0)


def test_reciprocal_rank_is_cut_where_it_says() -> None:
    found = [f"x{at}" for at in range(9)] + ["a"]

    values = score_questions([judged(question("q", {"a": 1}), found)], top_k=10)["q"]

    assert values["mrr@5"] == 0.0
    assert values["mrr@10"] == pytest.approx(0.1)


def test_a_question_that_found_nothing_counts() -> None:
    both = [judged(question("q", {"a": 1}), ["a"]), judged(question("r", {"a": 1}), [])]

    assert average(score_questions(both, top_k=10))["ndcg@10"] == pytest.approx(0.5)


def test_equal_ranks_do_not_depend_on_names() -> None:
    values = score_questions([judged(question("q", {"a": 1}), ["z", "a", "b"])], top_k=10)["q"]

    assert values["mrr@10"] == pytest.approx(0.5)


def test_names_may_hold_anything() -> None:
    odd = ["\0", "\0x", "ä\n", "", " "]

    values = score_questions([judged(question("\0q", {"\0x": 1}), odd)], top_k=10)["\0q"]

    assert values["mrr@10"] == pytest.approx(0.5)


def test_passages_have_figures_of_their_own() -> None:
    one = judged(question("q", {"a": 1}, passages=2), ["a"], ranks=(3, None))

    values = score_questions([one], top_k=10)["q"]

    assert values["passage_recall@1"] == 0.0
    assert values["passage_recall@3"] == pytest.approx(0.5)
    assert values["passage_mrr@10"] == pytest.approx(1 / 3)
    assert values["recall@1"] == 1.0


def test_one_passage_may_hold_two_that_are_expected() -> None:
    one = judged(question("q", {}, passages=2), ranks=(1, 1))

    values = score_questions([one], top_k=10)["q"]

    assert values["passage_recall@3"] == 1.0
    assert "recall@3" not in values


def test_what_says_nothing_of_its_answer_has_no_figures() -> None:
    assert score_questions([judged(question("q", {}), ["a"])], top_k=10) == {}


def test_cutoffs_end_at_what_was_searched() -> None:
    names = ranking_names(5, documents=True, passages=True)

    assert "ndcg@5" in names
    assert "passage_recall@3" in names
    assert not [name for name in names if name.endswith("@10")]


@given(st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(0, 20), min_size=1))
def test_recall_and_hits_are_what_they_say(found: list[int], relevant: set[int]) -> None:
    wanted = question("q", {str(one): 1 for one in relevant})

    values = score_questions([judged(wanted, list(map(str, found)))], top_k=10)["q"]

    top = relevant & set(found[:10])
    assert values["recall@10"] == pytest.approx(len(top) / len(relevant))
    assert values["precision@10"] == pytest.approx(len(top) / 10)
    assert values["hit@10"] == float(bool(top))


def test_latency_counts_only_searches_that_went_well() -> None:
    well = judged(question("q", {}))

    latency = measure_latency([well, judged(question("r", {}), error="odd")])

    assert (latency["p50"], latency["p99"], latency["max"]) == (10.0, 10.0, 10.0)
    assert measure_latency([])["p50"] == 0.0


def test_without_the_library_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytrec_eval", None)

    with pytest.raises(MissingExtraError, match=r"needs the extra 'eval'.*pip install '.\[eval\]'"):
        load_trec_eval()
