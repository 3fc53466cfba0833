"""Judged questions to an Evaluation: figures, what abstention does, and each question's line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ingest.evaluate.abstention import (
    Abstention,
    Threshold,
    choose_threshold,
    measure_auroc,
    try_threshold,
)
from ingest.evaluate.dataset import Dataset, ExpectedPassage
from ingest.evaluate.evaluation import Evaluation, Scored
from ingest.evaluate.judging import Judged
from ingest.evaluate.metrics import Scores, average, measure_latency, score_questions
from ingest.evaluate.subject import Subject
from ingest.evaluate.table import SHOWN
from rag_core.query import LEAST_SCORE

_DIGITS = 6
_EXPECTED = 10


def compile_evaluation(
    dataset: Dataset,
    subject: Subject,
    judged: Sequence[Judged],
    *,
    top_k: int,
    callers: int,
    seconds: float,
) -> tuple[Evaluation, list[Scored]]:
    """Put the figures together, and each question's part in them."""
    scores = score_questions(judged, top_k=top_k)
    abstention = measure_abstention(judged, least=subject.collection.least_score)
    latency = {f"latency_{name}_ms": value for name, value in measure_latency(judged).items()}
    auroc = {} if abstention is None or abstention.auroc is None else {"auroc": abstention.auroc}
    figures = {**average(scores), **auroc, **latency}
    evaluation = Evaluation(
        dataset=dataset.name,
        layout=dataset.layout,
        path=str(dataset.path),
        collection=subject.name,
        fingerprint=subject.collection.fingerprint,
        splitting=str(subject.collection.splitting),
        started_at=f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z",
        seconds=round(seconds, 3),
        questions=len(judged),
        judged=len(scores),
        unanswerable=sum(not one.question.answerable for one in judged),
        failed=sum(one.error is not None for one in judged),
        documents=subject.documents,
        top_k=top_k,
        callers=callers,
        metrics={name: round(value, _DIGITS) for name, value in figures.items()},
        abstention=abstention,
        ingested=subject.ingested,
        answers=None,
        doubts=subject.doubts,
    )
    return evaluation, [_score(one, scores) for one in judged]


def measure_abstention(judged: Sequence[Judged], *, least: float | None) -> Abstention | None:
    """How well the best scores tell whether there is an answer; None without answerable ones."""
    answerable, unanswerable = best_scores(judged)
    if not answerable:
        return None
    least = LEAST_SCORE if least is None else least
    return Abstention(
        answerable=len(answerable),
        unanswerable=len(unanswerable),
        auroc=measure_auroc(answerable, unanswerable),
        now=try_threshold(least, answerable, unanswerable),
    )


def calibrate(judged: Sequence[Judged], *, keep: float) -> Threshold:
    """Choose the least score by these questions.

    Raises:
        InvalidRequestError: too few of them are answerable.
    """
    return choose_threshold(*best_scores(judged), keep=keep)


def best_scores(judged: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """Of the answerable questions, and of the unanswerable ones."""
    well = [one for one in judged if one.error is None]
    answerable = [one.best_score for one in well if one.question.is_judged]
    return answerable, [one.best_score for one in well if not one.question.answerable]


def _score(one: Judged, scores: Scores) -> Scored:
    question = one.question
    metrics = scores.get(question.id, {})
    return Scored(
        id=question.id,
        question=question.text,
        answerable=question.answerable,
        metrics={name: round(metrics[name], 4) for name in SHOWN if name in metrics},
        best_score=round(one.best_score, 4),
        milliseconds=round(one.milliseconds, 2),
        expected=(
            *list(question.documents)[:_EXPECTED],
            *(_describe(passage) for passage in question.passages[:_EXPECTED]),
        ),
        found=one.shown,
        error=one.error,
    )


def _describe(passage: ExpectedPassage) -> str:
    words = " / ".join(passage.texts)
    if passage.start is None:
        return words
    return f"{passage.document} [{passage.start}, {passage.end}) {words}".rstrip()
