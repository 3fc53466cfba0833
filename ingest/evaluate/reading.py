"""A command line to the Task that it asks for: questions of a dataset, or of readers' feedback."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ingest.evaluate.dataset import Dataset
from ingest.evaluate.feedback import read_feedback
from ingest.evaluate.opening import open_dataset, thin_out
from ingest.evaluate.options import EvaluationOptions
from ingest.evaluate.task import Task, check_options, make_task
from rag_core.catalog.engine import open_catalog
from rag_core.errors import InvalidRequestError
from rag_core.settings import Settings


def check_source(path: Path | None, options: EvaluationOptions) -> None:
    """Refuse a command line that names no questions, or two kinds of them.

    Raises:
        InvalidRequestError: it does.
    """
    if path is not None and options.from_feedback:
        raise InvalidRequestError(f"give the DATASET {str(path)!r} or --from-feedback, not both")
    if options.export is not None and not options.from_feedback:
        raise InvalidRequestError("--export writes the questions of --from-feedback: give that")
    if path is None and not options.from_feedback:
        raise InvalidRequestError("give a DATASET, or --from-feedback")


async def read_task(settings: Settings, path: Path | None, options: EvaluationOptions) -> Task:
    """Read the questions, and hold the options against them.

    Raises:
        InvalidRequestError: they are broken, there are none, or an option does not fit them.
        ConfigurationError: a package is missing.
    """
    check_options(options)
    if path is not None:
        dataset = await asyncio.to_thread(_open, path, options)
        return make_task(dataset, options)
    name = settings.collection if options.collection is None else options.collection
    async with open_catalog(settings.catalog_url) as catalog:
        questions = await read_feedback(catalog, name)
    return make_task(thin_out(questions.dataset, options.limit), options, feedback=questions.rated)


def _open(path: Path, options: EvaluationOptions) -> Dataset:
    return open_dataset(path.resolve(), split=options.split, limit=options.limit)
