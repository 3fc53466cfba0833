"""Best scores of answerable and unanswerable questions to how well these can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag_core.errors import InvalidRequestError

FEWEST = 20
"""Answerable questions that a threshold may rest on."""
_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Threshold:
    """A least score, and what it does to the questions of a dataset."""

    least_score: float
    kept: float
    """Share of the answerable questions whose best score is no lower."""
    rejected: float | None
    """Share of the unanswerable ones below it; None when there are none."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """How well the best fused score tells whether the documents hold an answer."""

    answerable: int
    unanswerable: int
    auroc: float | None
    """1 tells them apart, 0.5 is chance; None without questions of both kinds."""
    now: Threshold
    """What the collection has at the time."""
    chosen: Threshold | None = None
    """What --calibrate chose."""


def measure_auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float | None:
    """How often a random answerable question scores higher than a random unanswerable one."""
    if not answerable or not unanswerable:
        return None
    below = np.sort(np.asarray(unanswerable))
    lower = np.searchsorted(below, answerable, "left")
    not_higher = np.searchsorted(below, answerable, "right")
    return float((lower + not_higher).mean() / (2 * len(below)))


def try_threshold(
    least: float, answerable: Sequence[float], unanswerable: Sequence[float]
) -> Threshold:
    """Say what a least score does."""
    kept = float(np.mean(np.asarray(answerable) >= least)) if answerable else 0.0
    rejected = float(np.mean(np.asarray(unanswerable) < least)) if unanswerable else None
    return Threshold(least, kept, rejected)


def check_number(answerable: int) -> None:
    """Raise InvalidRequestError when a threshold cannot rest on so few answerable questions."""
    if answerable < FEWEST:
        raise InvalidRequestError(
            f"--calibrate needs {FEWEST} answerable questions or more, not {answerable}"
        )


def choose_threshold(
    answerable: Sequence[float], unanswerable: Sequence[float], *, keep: float
) -> Threshold:
    """The highest least score, in thousandths, that keeps this share of the answerable.

    Raises:
        InvalidRequestError: there are too few of them.
    """
    check_number(len(answerable))
    ordered = sorted(answerable)
    # 1e-9: 0.02 of 100 is 2, whatever the floating point says.
    lowest = ordered[math.floor((1 - keep) * len(ordered) + 1e-9)]
    return try_threshold(math.floor(lowest * _DIGITS) / _DIGITS, answerable, unanswerable)
