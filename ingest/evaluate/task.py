"""What a command line asks for: a dataset, and what its evaluation must reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.evaluate.abstention import check_number
from ingest.evaluate.dataset import Dataset
from ingest.evaluate.evaluation import Rated
from ingest.evaluate.metrics import load_trec_eval, ranking_names
from ingest.evaluate.minimums import read_minimums
from ingest.evaluate.options import EvaluationOptions
from rag_core.errors import InvalidRequestError

_ANSWER_METRICS = ("citation_precision", "citation_recall", "faithfulness", "answered")
_JUDGED_METRICS = ("judged_faithfulness", "judged_correctness")
_GOLD_METRICS = ("exact_match", "f1", "gold_in_answer")


@dataclass(frozen=True, slots=True)
class Task:
    """An evaluation that can be begun."""

    dataset: Dataset
    minimums: Mapping[str, float]
    options: EvaluationOptions
    feedback: Rated | None = None
    """What the dataset is made of, when it is feedback."""


def check_options(options: EvaluationOptions) -> None:
    """Refuse what is wrong before a dataset is read.

    Raises:
        InvalidRequestError: options do not fit together.
        ConfigurationError: a package is missing.
    """
    load_trec_eval()
    if options.judge and options.answers is None:
        raise InvalidRequestError("--judge judges answers: it needs --answers")


def make_task(
    dataset: Dataset, options: EvaluationOptions, *, feedback: Rated | None = None
) -> Task:
    """Hold the options against the dataset.

    Raises:
        InvalidRequestError: an option does not fit.
    """
    if options.calibrate:
        check_number(sum(one.is_judged for one in dataset.questions))
    minimums = read_minimums(options.minimum or (), _known(dataset, options))
    return Task(dataset, minimums, options, feedback)


def _known(dataset: Dataset, options: EvaluationOptions) -> list[str]:
    """The metrics that this evaluation will have, and that more is better of."""
    questions = dataset.questions
    names = ranking_names(
        options.top_k,
        documents=any(one.documents for one in questions),
        passages=any(one.passages for one in questions),
    )
    has_unanswerable = not all(one.answerable for one in questions)
    if has_unanswerable and any(one.is_judged for one in questions):
        names.append("auroc")
    return names if options.answers is None else [*names, *_known_of_answers(dataset, options)]


def _known_of_answers(dataset: Dataset, options: EvaluationOptions) -> Iterator[str]:
    yield from _ANSWER_METRICS
    if any(one.answers and one.answerable for one in dataset.questions):
        yield from _GOLD_METRICS
    if not all(one.answerable for one in dataset.questions):
        yield "abstained"
    if options.judge:
        yield from _JUDGED_METRICS
