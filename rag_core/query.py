"""What is searched, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag_core.documents import Passage, weigh_score
from rag_core.errors import InvalidRequestError
from rag_core.filters import Condition, keys_of

_VARIANT_DEPTH = 50
"""How many passages each wording is asked for; the mean of their scores hardly asks for more."""

Empty = Literal["empty_collection", "filtered_out"]

LEAST_SCORE = 0.25
"""Fused, of the best passage, where nobody calibrated the collection. Measured: below it lie 93 %
of the questions off the topic, and 1 % of the answerable (decision 0015)."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched; equal ones find the same."""

    text: str
    top_k: int
    """How many passages at most, 1 or more."""
    variants: tuple[str, ...] = ()
    """The same in other words, searched along with it; see `fuse`."""
    filter: Condition | None = None
    """What they may be of; None for the whole collection."""

    def each(self) -> list[Query]:
        """A query for each wording, deeper, for `fuse` to make one result of what they find."""
        top_k = max(_VARIANT_DEPTH, self.top_k)
        return [replace(self, text=one, top_k=top_k, variants=()) for one in self.texts]

    @property
    def texts(self) -> tuple[str, ...]:
        """All wordings, each once."""
        return tuple(dict.fromkeys((self.text, *self.variants)))

    @property
    def filter_keys(self) -> set[str]:
        """The fields that the filter looks at; none without one."""
        return set() if self.filter is None else keys_of(self.filter)

    def check(self) -> None:
        """Raise InvalidRequestError when it cannot be searched."""
        if not all(text.strip() for text in self.texts):
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
FILTERED_OUT = Found((), "filtered_out")


def fuse(found: Sequence[Found], top_k: int) -> Found:
    """Make one result of what the wordings of one query find in one collection, best first.

    A passage's fused score is the mean over the wordings, so it means what that of one does; one
    that did not find it counts with the last score that it found. Cosine and BM25 are those of the
    wording that fits best.
    """
    if len(found) == 1:
        return replace(found[0], passages=found[0].passages[:top_k])
    scores: dict[str, float] = {}
    best: dict[str, Passage] = {}
    lowest = [min((one.fused_score for one in each.passages), default=0.0) for each in found]
    for each, floor in zip(found, lowest, strict=True):
        for passage in each.passages:
            known = best.setdefault(passage.chunk_id, passage)
            if passage.fused_score > known.fused_score:
                best[passage.chunk_id] = passage
            gained = passage.fused_score - floor
            scores[passage.chunk_id] = scores.get(passage.chunk_id, sum(lowest)) + gained
    ranked = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:top_k]
    passages = [replace(best[one], fused_score=scores[one] / len(found)) for one in ranked]
    return replace(found[0], passages=passages)


def merge(found: Sequence[tuple[float, Found]], top_k: int) -> Found:
    """Join what several collections have for a query, each with its weight, best first.

    What counts is the weight times the fused score, which means the same in all of them; the
    scores stay as they are.
    """
    weighed = [
        (-weigh_score(passage.fused_score, weight), place, passage)
        for place, (weight, one) in enumerate(found)
        for passage in one.passages
    ]
    best = sorted(weighed, key=lambda entry: entry[:2])[:top_k]
    if not best:
        return _say_why(found)
    passages = [passage for *_, passage in best]
    return Found(passages, least_score=_find_least(found, passages))


def _say_why(found: Sequence[tuple[float, Found]]) -> Found:
    reasons = {one.empty for _, one in found}
    if "filtered_out" in reasons:
        return FILTERED_OUT
    return Found(()) if None in reasons else NOTHING


def _find_least(found: Sequence[tuple[float, Found]], passages: Sequence[Passage]) -> float:
    """The lowest of several collections that a passage of it has; else that of the best passage."""
    leasts = {one.chunk_id: each.least_score for _, each in found for one in each.passages}
    scores = [(one.fused_score, leasts[one.chunk_id]) for one in passages]
    held = [least for score, least in scores if score >= least]
    return min(held, default=max(scores)[1])
