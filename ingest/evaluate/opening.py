"""A path to the Dataset that lies there, whichever its layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.evaluate.beir import QUERIES, read_beir
from ingest.evaluate.dataset import Dataset
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.questions import QUESTIONS, read_questions


def open_dataset(path: Path, *, split: str = "test", limit: int | None = None) -> Dataset:
    """Read a dataset; with a limit, so many of its questions, as `thin_out` chooses.

    Raises:
        DatasetError: there is none, or it is broken.
    """
    dataset = _read(path, split)
    if not dataset.questions:
        raise DatasetError(f"{str(path)!r} holds no questions")
    return thin_out(dataset, limit)


def thin_out(dataset: Dataset, limit: int | None) -> Dataset:
    """The dataset with so many of its questions, evenly spread over it."""
    if limit is None or limit >= len(dataset.questions):
        return dataset
    step = len(dataset.questions) / limit
    chosen = [dataset.questions[int(number * step)] for number in range(limit)]
    return replace(dataset, questions=chosen)


def _read(path: Path, split: str) -> Dataset:
    if (path / QUERIES).is_file():
        return read_beir(path, split=split)
    if path.is_file() or (path / QUESTIONS).is_file():
        return read_questions(path)
    there = f"has no {QUERIES} or {QUESTIONS}" if path.exists() else "is no file or folder"
    raise DatasetError(
        f"{str(path)!r} {there}: give a folder in BEIR's layout, or JSON lines of questions"
    )
