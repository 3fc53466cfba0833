"""What an evaluation found, as it is shown, written down and compared with the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.evaluate.abstention import Abstention
from ingest.evaluate.judging import Shown


@dataclass(frozen=True, slots=True)
class Scored:
    """One question and how it went."""

    id: str
    question: str
    answerable: bool
    metrics: Mapping[str, float]
    best_score: float
    milliseconds: float
    expected: tuple[str, ...]
    found: tuple[Shown, ...]
    error: str | None = None
    answer: str | None = None
    """What the API said, where it was asked."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A question that got better or worse since the last run."""

    id: str
    question: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences from the last run."""

    file: str
    started_at: str
    metric: str
    """That questions are compared by."""
    questions: int
    """That are in both."""
    same: bool
    """Whether neither has others."""
    changes: Mapping[str, float]
    """Of each metric that both have: now minus then."""
    better: tuple[Moved, ...]
    """Most first."""
    worse: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A metric below its --min."""

    metric: str
    value: float
    least: float


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking the API."""

    url: str
    model: str
    asked: int
    failed: int
    example: str | None
    """Of what failed."""


@dataclass(frozen=True, slots=True)
class RatedDown:
    """An answer that a reader did not like."""

    id: str
    """Of the question that it belongs to."""
    question: str
    comment: str | None
    answer: str
    """Empty once a document that it cites was removed."""
    outcome: str
    model: str
    cited: tuple[str, ...]
    """Sources."""
    rated_at: str


@dataclass(frozen=True, slots=True)
class Rated:
    """The feedback that the questions are from."""

    up: int
    down: int
    left_out: int
    """Rated up, but the words that they cite stand in no document any more."""
    rated_down: tuple[RatedDown, ...]
    """The newest first."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """How the dataset's own documents came into their collection."""

    added: int
    updated: int
    unchanged: int
    removed: int
    failed: int
    embedded: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All of it but single questions; its fields are the keys of `ingest eval --json`."""

    dataset: str
    layout: str
    path: str
    collection: str
    fingerprint: str
    splitting: str
    started_at: str
    seconds: float
    """Of the searches."""
    questions: int
    judged: int
    unanswerable: int
    failed: int
    """Searches."""
    documents: int
    top_k: int
    callers: int
    metrics: Mapping[str, float]
    abstention: Abstention | None
    ingested: Ingested | None
    answers: Answered | None
    compared: Compared | None = None
    missed: tuple[Missed, ...] = ()
    doubts: tuple[str, ...] = ()
    """What is amiss with the dataset, one sentence each."""
    feedback: Rated | None = None
    json_file: str | None = None
    html_file: str | None = None
    problem: str | None = None
    """Why these files could not be written."""

    @property
    def exit_code(self) -> int:
        """0 all well; 1 a metric is too low, or a part failed."""
        bad = [self.missed, self.failed, self.problem, self.ingested and self.ingested.failed]
        bad.append(self.answers and self.answers.failed)
        return 1 if any(bad) else 0


LOWER_IS_BETTER = ("latency_", "answer_latency_")
"""How the names of such metrics begin; no --min is for them."""
PRIMARY = ("ndcg@10", "passage_ndcg@10", "ndcg@5", "passage_ndcg@5", "ndcg@1", "passage_ndcg@1")
"""The first that a question has is what it is compared by."""


def primary(scored: Sequence[Scored]) -> str:
    """The metric that the questions of an evaluation are compared by."""
    names = {name for one in scored for name in one.metrics}
    return next((name for name in PRIMARY if name in names), PRIMARY[0])
