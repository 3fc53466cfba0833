"""Answers that were given to figures: right, cited, supported, or rightly refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean

import numpy as np

from ingest.evaluate.api import AnswerView
from ingest.evaluate.dataset import Question
from ingest.evaluate.faithful import own_text
from ingest.evaluate.gold import score_citations, score_contained, score_exact, score_f1
from ingest.evaluate.judge import Verdict


@dataclass(frozen=True, slots=True)
class Given:
    """A question that the API was asked."""

    question: Question
    view: AnswerView | None
    """None when it failed."""
    milliseconds: float
    supported: tuple[bool, ...] = ()
    """For each sentence of the answer."""
    verdict: Verdict | None = None
    error: str | None = None
    status: int | None = None
    """Of HTTP, where that is what failed."""

    @property
    def is_answer(self) -> bool:
        """Whether the API gave an answer, and did not abstain."""
        return self.view is not None and self.view.outcome == "answered"


def collect_figures(given: Sequence[Given]) -> dict[str, float]:
    """The metrics of all answers together; those that nothing was there for are left out.

    What should have been answered and was not counts 0; requests that failed do not count.
    """
    well = [one for one in given if one.view is not None]
    figures = {
        **_outcomes(well),
        **_cited([one for one in well if one.question.is_judged]),
        **_right([one for one in well if one.question.answerable and one.question.answers]),
        "faithfulness": _mean(map(float, chain.from_iterable(one.supported for one in well))),
        **_judged(well),
        **_latency([one.milliseconds for one in well]),
    }
    return _round(figures)


def _round(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in figures.items() if value is not None}


def _outcomes(given: Sequence[Given]) -> dict[str, float | None]:
    """How often what can be answered was, and what cannot was not."""
    answerable = [one.is_answer for one in given if one.question.answerable]
    others = [not one.is_answer for one in given if not one.question.answerable]
    return {"answered": _mean(map(float, answerable)), "abstained": _mean(map(float, others))}


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return fmean(listed) if listed else None


def _cited(given: Sequence[Given]) -> dict[str, float | None]:
    scores = [
        score_citations(one.question, one.view.citations)
        if one.view is not None and one.is_answer
        else None
        for one in given
    ]
    return {
        "citation_precision": _mean(score[0] for score in scores if score is not None),
        "citation_recall": _mean(score[1] if score is not None else 0.0 for score in scores),
    }


def _right(given: Sequence[Given]) -> dict[str, float | None]:
    said = [
        (own_text(one.view) if one.view is not None and one.is_answer else "", one.question.answers)
        for one in given
    ]
    return {
        "exact_match": _mean(score_exact(text, right) for text, right in said),
        "f1": _mean(score_f1(text, right) for text, right in said),
        "gold_in_answer": _mean(score_contained(text, right) for text, right in said),
    }


def _judged(given: Sequence[Given]) -> dict[str, float | None]:
    verdicts = [one.verdict for one in given if one.verdict is not None]
    return {
        "judged_faithfulness": _mean(float(each) for one in verdicts for each in one.supported),
        "judged_correctness": _mean(
            float(one.correct) for one in verdicts if one.correct is not None
        ),
    }


def _latency(milliseconds: Sequence[float]) -> dict[str, float | None]:
    if not milliseconds:
        return {}
    return {
        f"answer_latency_p{each}_ms": float(np.percentile(milliseconds, each))
        for each in (50, 90, 99)
    }
