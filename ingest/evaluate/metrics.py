"""What was found for each question to figures, by trec_eval: the same as in BEIR's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import fmean
from typing import Protocol

import numpy as np

from ingest.evaluate.errors import MissingExtraError
from ingest.evaluate.judging import Judged

CUTOFFS = (1, 3, 5, 10, 20, 50, 100)
_NAMES = {
    "ndcg": "ndcg_cut",
    "recall": "recall",
    "precision": "P",
    "map": "map_cut",
    "hit": "success",
}
"""Ours and trec_eval's; `mrr` is made of its `recip_rank`."""
_PASSAGE = "passage_"
_PERCENTILES = (50, 90, 95, 99)

Scores = dict[str, dict[str, float]]
"""By question, by metric."""


class _Evaluator(Protocol):
    def evaluate(self, scores: Mapping[str, Mapping[str, float]]) -> Scores: ...


class _TrecEval(Protocol):
    """What of `pytrec_eval` is used here; it is imported by those who evaluate."""

    def RelevanceEvaluator(  # noqa: N802 - its name
        self, query_relevance: Mapping[str, Mapping[str, int]], measures: Iterable[str]
    ) -> _Evaluator: ...


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What one question expects, and what was found in its order."""

    relevant: Mapping[str, int]
    found: Mapping[str, float]
    """Higher is better."""


def load_trec_eval() -> _TrecEval:
    """Import the library.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        library: _TrecEval = import_module("pytrec_eval")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "eval", package=error.name or "", needed_for="ingest eval"
        ) from error
    return library


def ranking_names(top_k: int, *, documents: bool, passages: bool) -> list[str]:
    """The metrics that there are for such a dataset."""
    cutoffs = [cutoff for cutoff in CUTOFFS if cutoff <= top_k]
    kinds = [*([""] if documents else []), *([_PASSAGE] if passages else [])]
    return [f"{kind}{name}@{k}" for kind in kinds for name in (*_NAMES, "mrr") for k in cutoffs]


def score_questions(judged: Sequence[Judged], *, top_k: int) -> Scores:
    """The metrics of each question that says what should be found."""
    by_document = {
        one.question.id: _rank_documents(one) for one in judged if one.question.documents
    }
    by_passage = {one.question.id: _rank_passages(one) for one in judged if one.question.passages}
    scores: Scores = {}
    for kind, rankings in (("", by_document), (_PASSAGE, by_passage)):
        for question, values in _evaluate(rankings, top_k).items():
            named = {f"{kind}{name}": value for name, value in values.items()}
            scores.setdefault(question, {}).update(named)
    return scores


def average(scores: Scores) -> dict[str, float]:
    """The mean of each metric over the questions that have it."""
    names = dict.fromkeys(name for values in scores.values() for name in values)
    return {
        name: fmean(values[name] for values in scores.values() if name in values) for name in names
    }


def measure_latency(judged: Iterable[Judged]) -> dict[str, float]:
    """Milliseconds of a search: percentiles, mean and maximum."""
    times = np.array([one.milliseconds for one in judged if one.error is None] or [0.0])
    percentiles = {f"p{each}": float(np.percentile(times, each)) for each in _PERCENTILES}
    return {**percentiles, "mean": float(times.mean()), "max": float(times.max())}


def _rank_documents(one: Judged) -> _Ranking:
    # By rank, since trec_eval would put those of the same score in the order of their names.
    found = {source: -float(rank) for rank, source in enumerate(one.documents, 1)}
    return _Ranking(one.question.documents, found)


def _rank_passages(one: Judged) -> _Ranking:
    """Expected passages in the place of those found that hold them; all others are wrong."""
    taken = {rank for rank in one.ranks if rank is not None}
    found = {
        f"other {rank}": -float(rank) for rank in range(1, one.passages + 1) if rank not in taken
    }
    for number, rank in enumerate(one.ranks):
        if rank is not None:
            found[f"expected {number}"] = -rank - number / (len(one.ranks) + 1)
    return _Ranking({f"expected {number}": 1 for number in range(len(one.ranks))}, found)


def _evaluate(rankings: Mapping[str, _Ranking], top_k: int) -> Scores:
    cutoffs = [cutoff for cutoff in CUTOFFS if cutoff <= top_k]
    if not rankings:
        return {}
    measures = {f"{name}.{','.join(map(str, cutoffs))}" for name in _NAMES.values()}
    numbered = [_number(one) for one in rankings.values()]
    evaluator = load_trec_eval().RelevanceEvaluator(
        {str(number): dict(one.relevant) for number, one in enumerate(numbered)},
        {*measures, "recip_rank"},
    )
    found = {str(number): dict(one.found) for number, one in enumerate(numbered) if one.found}
    counted = evaluator.evaluate(found)
    # Who found nothing is left out by trec_eval: it is 0 in everything.
    return {
        question: _rename(counted.get(str(number), {}), cutoffs)
        for number, question in enumerate(rankings)
    }


def _number(ranking: _Ranking) -> _Ranking:
    """Numbers for names: to C a name ends at its first zero."""
    numbers = {name: str(at) for at, name in enumerate([*ranking.relevant, *ranking.found])}
    return _Ranking(
        {numbers[name]: grade for name, grade in ranking.relevant.items()},
        {numbers[name]: score for name, score in ranking.found.items()},
    )


def _rename(values: Mapping[str, float], cutoffs: Sequence[int]) -> dict[str, float]:
    renamed = {
        f"{ours}@{k}": values.get(f"{theirs}_{k}", 0.0)
        for ours, theirs in _NAMES.items()
        for k in cutoffs
    }
    reciprocal = values.get("recip_rank", 0.0)
    for k in cutoffs:
        renamed[f"mrr@{k}"] = reciprocal if reciprocal * k >= 1 - 1e-9 else 0.0
    return renamed
