"""`--min ndcg@10=0.70` to what an evaluation must reach, and whether it did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ingest.evaluate.evaluation import Missed
from rag_core.errors import InvalidRequestError

_NOTHING = "nothing is, for no question says what should be found"


def read_minimums(given: Sequence[str], known: Sequence[str]) -> dict[str, float]:
    """Read what was given; the last one counts of a metric that is there twice.

    Raises:
        InvalidRequestError: one is no METRIC=VALUE, or the metric will not be measured.
    """
    minimums: dict[str, float] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            raise InvalidRequestError(f"--min {text!r}: must be METRIC=VALUE, such as ndcg@10=0.70")
        if name not in known:
            measured = f"what is: {', '.join(known)}" if known else _NOTHING
            raise InvalidRequestError(f"--min {text!r}: {name!r} is not measured here; {measured}")
        minimums[name] = _read_value(text, value)
    return minimums


def _read_value(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    raise InvalidRequestError(f"--min {text!r}: {value!r} is no number")


def find_missed(minimums: Mapping[str, float], metrics: Mapping[str, float]) -> tuple[Missed, ...]:
    """The metrics that are too low; one that came out without a value is, too."""
    return tuple(
        Missed(name, metrics.get(name, 0.0), least)
        for name, least in minimums.items()
        if metrics.get(name, -math.inf) < least
    )
