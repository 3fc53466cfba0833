"""The command `ingest eval`: a dataset to figures, files, and an exit code."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ingest.addition import stopping
from ingest.evaluate.answers import Round, ask_answers, check_answers
from ingest.evaluate.measuring import Measured, measure
from ingest.evaluate.options import EvaluationOptions
from ingest.evaluate.reading import read_task
from ingest.evaluate.showing import complete, show
from ingest.evaluate.work import Work
from ingest.screen import Screen
from rag_core.index import open_index
from rag_core.settings import Settings

_INTERRUPTED = 130


async def evaluate(
    settings: Settings, screen: Screen, path: Path | None, options: EvaluationOptions
) -> int:
    """Ask a dataset's questions, or those of feedback, and say how well that went."""
    task = await read_task(settings, path, options)
    if options.answers is not None:
        await check_answers(settings, options.answers, judging=options.judge)
    with stopping() as stop:
        async with open_index(settings) as index:
            work = Work(index, settings, screen, stop)
            measured = await measure(work, task)
            if measured is not None:
                measured = await _add_answers(work, options, measured)
        if measured is None or stop.is_set():
            screen.fail(InterruptedError("interrupted: nothing was written"))
            return _INTERRUPTED
    evaluation = await asyncio.to_thread(
        complete, task, measured.evaluation, measured.scored, home=settings.home
    )
    show(screen, evaluation)
    return evaluation.exit_code


async def _add_answers(work: Work, options: EvaluationOptions, measured: Measured) -> Measured:
    """Ask the API, too, where that is wanted."""
    evaluation = measured.evaluation
    if options.answers is None:
        return measured
    asked = Round(options.answers, evaluation.collection, options.judge)
    results = await ask_answers(work, measured.questions, asked)
    return replace(
        measured,
        evaluation=replace(
            evaluation,
            metrics={**evaluation.metrics, **results.metrics},
            answers=results.answered,
        ),
        scored=[replace(one, answer=results.texts.get(one.id)) for one in measured.scored],
    )
