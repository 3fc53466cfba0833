"""A measured evaluation to what is shown and written: compared, held to its minimums, on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.evaluate.evaluation import Evaluation, Scored
from ingest.evaluate.history import choose_last, compare, folder_of, read_earlier, save, shorten
from ingest.evaluate.minimums import find_missed
from ingest.evaluate.page import write_page
from ingest.evaluate.table import COLUMNS, head, rows, tail
from ingest.evaluate.task import Task
from ingest.screen import Screen


def complete(
    task: Task, evaluation: Evaluation, scored: Sequence[Scored], *, home: Path
) -> Evaluation:
    """Compare it with the last run, hold it to the minimums, and write both files."""
    folder = folder_of(home, evaluation.dataset)
    earlier = read_earlier(folder, evaluation.layout)
    last = choose_last(earlier, scored)
    compared = None if last is None else compare(evaluation, scored, last)
    missed = find_missed(task.minimums, evaluation.metrics)
    whole = replace(evaluation, compared=compared, missed=missed, feedback=task.feedback)
    page = write_page(whole, scored, earlier)
    return save(folder, replace(whole, compared=shorten(compared)), scored, page)


def show(screen: Screen, evaluation: Evaluation) -> None:
    """Print it: one JSON object, or a table with a few lines around it."""
    if screen.as_json:
        screen.show(evaluation, ())
        return
    screen.show(None, head(evaluation))
    screen.show_table(None, COLUMNS, rows(evaluation))
    screen.show(None, tail(evaluation))
