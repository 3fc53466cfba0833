"""Evaluations to files below RAG_HOME, and the last one of a dataset out of them again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import orjson

from ingest.evaluate.evaluation import PRIMARY, Compared, Evaluation, Moved, Scored, primary

_FOLDER = "evaluations"
_UNSAFE = re.compile(r"[^\w.@ -]|^\.+")
_NO_CHANGE = 1e-9
_MOST_MOVED = 20
_MOST_POINTS = 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is read of an earlier evaluation."""

    file: Path
    started_at: str
    metrics: Mapping[str, float]
    by_question: Mapping[str, Mapping[str, float]]
    """What questions are compared by, by their ids."""


def folder_of(home: Path, dataset: str) -> Path:
    """Where the evaluations of a dataset are."""
    return home / _FOLDER / (_UNSAFE.sub("_", dataset) or "dataset")


def read_earlier(folder: Path, layout: str) -> list[Earlier]:
    """The last evaluations, oldest first; files that nobody can read are passed over."""
    read = (_read(file, layout) for file in sorted(folder.glob("*.json"))[-_MOST_POINTS:])
    return [one for one in read if one is not None]


def _read(file: Path, layout: str) -> Earlier | None:
    try:
        kept = orjson.loads(file.read_bytes())
        if kept["layout"] != layout:
            return None
        questions = {str(one["id"]): _read_primary(one["metrics"]) for one in kept["by_question"]}
        return Earlier(file, str(kept["started_at"]), _numbers(kept["metrics"]), questions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_primary(values: Mapping[str, object]) -> dict[str, float]:
    return {name: value for name, value in _numbers(values).items() if name in PRIMARY}


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


def choose_last(earlier: Sequence[Earlier], scored: Sequence[Scored]) -> Earlier | None:
    """The last run that asked the same questions; where none did, the last one."""
    asked = {one.id for one in scored}
    same = [one for one in earlier if set(one.by_question) == asked]
    last = [*earlier[-1:], *same[-1:]]
    return last[-1] if last else None


def compare(evaluation: Evaluation, scored: Sequence[Scored], last: Earlier) -> Compared:
    """Tell what has changed since the last run."""
    metric = primary(scored)
    changes = {
        name: value - last.metrics[name]
        for name, value in evaluation.metrics.items()
        if name in last.metrics
    }
    both = [one for one in scored if one.id in last.by_question]
    moved = [
        Moved(one.id, one.question, before, now)
        for one in both
        if (before := last.by_question[one.id].get(metric)) is not None
        and (now := one.metrics.get(metric)) is not None
        and abs(now - before) > _NO_CHANGE
    ]
    by_change = sorted(moved, key=lambda one: one.before - one.now)
    better = tuple(one for one in by_change if one.now > one.before)
    worse = tuple(one for one in reversed(by_change) if one.now < one.before)
    return Compared(
        file=str(last.file),
        started_at=last.started_at,
        metric=metric,
        questions=len(both),
        same=len(both) == len(scored) == len(last.by_question),
        changes=changes,
        better=better,
        worse=worse,
    )


def shorten(compared: Compared | None) -> Compared | None:
    """Leave out all but the questions that changed most."""
    if compared is None:
        return None
    better, worse = compared.better[:_MOST_MOVED], compared.worse[:_MOST_MOVED]
    return replace(compared, better=better, worse=worse)


def save(folder: Path, evaluation: Evaluation, scored: Sequence[Scored], page: str) -> Evaluation:
    """Write both files; whole, or not at all. What cannot be written is said in the result."""
    name = evaluation.started_at.replace(":", "-")
    json_file, html_file = folder / f"{name}.json", folder / f"{name}.html"
    named = replace(evaluation, json_file=str(json_file), html_file=str(html_file))
    values = {one.name: getattr(named, one.name) for one in fields(named)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(html_file, page.encode("utf-8", "replace"))
        _write(json_file, orjson.dumps({**values, "by_question": scored}))
    except OSError as error:
        return replace(evaluation, problem=f"cannot write to {str(folder)!r}: {error.strerror}")
    return named


def _write(file: Path, content: bytes) -> None:
    part = file.with_suffix(f"{file.suffix}.part")
    part.write_bytes(content)
    part.replace(file)
