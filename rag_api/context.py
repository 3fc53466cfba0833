"""Passages, best first → the stretches of documents that are shown: merged, varied, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag_core.documents import Passage, weigh

_WIDEST_GAP = 64
"""Characters between two chunks that touch: white space, as a rule two line ends."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document: one passage, or some that touch with what lies between."""

    best: Passage
    """The one that fits best."""
    first: Passage
    """The one that it begins with."""
    start: int
    end: int
    """Half open, in Unicode code points of the document's text."""

    @property
    def is_merged(self) -> bool:
        """Whether it is more than its best passage."""
        return (self.start, self.end) != (self.best.start, self.best.end)

    def as_passage(self, text: str) -> Passage:
        """The whole as one passage with the scores of the best; `text` is all of the stretch."""
        return replace(
            self.best,
            text=text,
            start=self.start,
            end=self.end,
            page=self.first.page,
            heading_path=self.first.heading_path,
        )


def merge_touching(passages: Sequence[Passage], *, most: int, max_characters: int) -> list[Stretch]:
    """Merge passages of one document that touch; at most `most` stretches, the best first.

    None grows beyond `max_characters`, but for a passage that is longer by itself.
    """
    stretches: list[Stretch] = []
    for passage in passages:
        if len(stretches) == most:
            break  # what fits less well than all of these makes none of them longer
        stretches = _add(passage, stretches, max_characters)
    return stretches


def _add(passage: Passage, stretches: list[Stretch], max_characters: int) -> list[Stretch]:
    """The stretches with one more passage: joined to those that it touches, or as the last."""
    grown = Stretch(passage, passage, passage.start, passage.end)
    touched: set[int] = set()
    # From the last to the first: what a passage bridges ends where the better half stood.
    for at in reversed(range(len(stretches))):
        joined = _join(stretches[at], grown, max_characters)
        if joined is not None:
            grown = joined
            touched.add(at)
    others = [one for at, one in enumerate(stretches) if at not in touched]
    others.insert(min(touched, default=len(others)), grown)
    return others


def _join(better: Stretch, other: Stretch, max_characters: int) -> Stretch | None:
    """Both as one; None when they do not touch, or would be too long."""
    if better.best.document_id != other.best.document_id:
        return None
    first, second = sorted((better, other), key=lambda one: one.start)
    end = max(first.end, second.end)
    if second.start - first.end > _WIDEST_GAP or end - first.start > max_characters:
        return None
    also_in = tuple(dict.fromkeys((*better.best.also_in, *other.best.also_in)))
    chunks = better.best.chunks + other.best.chunks
    best = replace(better.best, also_in=also_in, chunks=chunks)
    return Stretch(best, first.first, first.start, end)


def order_by_document(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Put those of one document together, as they stand in it; the best document first."""
    ranks: dict[str, int] = {}
    for one in stretches:
        ranks.setdefault(one.best.document_id, len(ranks))
    return sorted(stretches, key=lambda one: (ranks[one.best.document_id], one.start))


def diversify(
    passages: Sequence[Passage],
    vectors: Mapping[str, np.ndarray],
    *,
    weights: Mapping[str, float],
    diversity: float,
) -> list[Passage]:
    """Put forward what is unlike all before it (maximal marginal relevance).

    `diversity` in [0, 1] is how much that counts, against how well a passage fits among the
    others. `weights` are of the collections. `vectors` are of length one, by chunk id; a passage
    without one is like no other.
    """
    if not passages:
        return []
    nothing = np.zeros_like(next(iter(vectors.values()), np.zeros(1)))
    matrix = np.stack([vectors.get(one.chunk_id, nothing) for one in passages])
    fitness = _spread(np.array([weigh(one, weights) for one in passages]))
    likeness = np.zeros(len(passages))
    left = list(range(len(passages)))
    chosen: list[int] = []
    while left:
        worth = (1 - diversity) * fitness[left] - diversity * likeness[left]
        chosen.append(left.pop(int(worth.argmax())))
        likeness = np.maximum(likeness, matrix @ matrix[chosen[-1]])
    return [passages[place] for place in chosen]


def _spread(scores: np.ndarray) -> np.ndarray:
    """From 0 for the lowest to 1 for the highest, whatever their scale."""
    lowest, width = scores.min(), np.ptp(scores)
    return (scores - lowest) / width if width else np.ones_like(scores)
