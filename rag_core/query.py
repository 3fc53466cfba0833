"""What is searched, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag_core.documents import Passage
from rag_core.errors import InvalidRequestError

Empty = Literal["empty_collection", "filtered_out"]

LEAST_SCORE = 0.235
"""Fused, of the best passage, where nobody calibrated the collection. Measured: below it lie 92 %
of the questions off the topic, and 2 % of the answerable."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched; equal ones find the same."""

    text: str
    top_k: int
    """How many passages at most, 1 or more."""

    def check(self) -> None:
        """Raise InvalidRequestError when it cannot be searched."""
        if not self.text.strip():
            raise InvalidRequestError("the question is empty")
        if self.top_k < 1:
            raise InvalidRequestError(f"top_k must be 1 or more, not {self.top_k}")


@dataclass(frozen=True, slots=True)
class Found:
    """The passages that fit a query, best first."""

    passages: Sequence[Passage]
    empty: Empty | None = None
    """Why there are none, where more is known than that nothing was found."""
    least_score: float = LEAST_SCORE
    """Where no passage has this fused score, they do not hold the answer."""


NOTHING = Found((), "empty_collection")


def merge(found: Sequence[tuple[float, Found]], top_k: int) -> Found:
    """Join what several collections have for a query, each with its weight, best first.

    What counts is the weight times the fused score, which means the same in all of them; the
    scores stay as they are.
    """
    weighed = [
        (-weight * passage.fused_score, place, passage)
        for place, (weight, one) in enumerate(found)
        for passage in one.passages
    ]
    best = sorted(weighed, key=lambda entry: entry[:2])[:top_k]
    if best:
        return Found([passage for *_, passage in best], least_score=_find_least(found))
    reasons = {one.empty for _, one in found}
    if "filtered_out" in reasons:
        return Found((), "filtered_out")
    return Found(()) if None in reasons else NOTHING


def _find_least(found: Sequence[tuple[float, Found]]) -> float:
    """Of several collections the lowest: what suffices in one of them suffices."""
    return min(one.least_score for _, one in found)
