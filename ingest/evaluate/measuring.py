"""A task to its figures: documents, then searches, then what they come to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.asking import Asking, ask_all
from ingest.evaluate.calibration import keep_calibration
from ingest.evaluate.compile import compile_evaluation
from ingest.evaluate.dataset import Question
from ingest.evaluate.evaluation import Evaluation, Scored
from ingest.evaluate.preparing import prepare
from ingest.evaluate.task import Task
from ingest.evaluate.work import Work


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation before it is compared and written."""

    evaluation: Evaluation
    scored: Sequence[Scored]
    questions: Sequence[Question]
    """With their documents named by their sources."""


async def measure(work: Work, task: Task) -> Measured | None:
    """Do the searches; None when stopped before the end.

    Raises:
        DatasetError: the questions do not fit the documents.
        RagError: something that the search stands on does not answer.
    """
    options = task.options
    subject = await prepare(work, task.dataset, collection=options.collection)
    if subject is None:
        return None
    asking = Asking(work, subject.name, options.top_k, options.callers)
    began = time.perf_counter()
    judged = await ask_all(subject.questions, asking)
    seconds = time.perf_counter() - began
    if work.stop.is_set():
        return None
    evaluation, scored = compile_evaluation(
        task.dataset,
        subject,
        judged,
        top_k=options.top_k,
        callers=options.callers,
        seconds=seconds,
    )
    if options.calibrate:
        evaluation = await keep_calibration(
            work.index.catalog, subject.collection, evaluation, judged, keep=options.keep
        )
    return Measured(evaluation, scored, subject.questions)
