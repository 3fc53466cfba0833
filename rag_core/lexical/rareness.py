"""In how many chunks of an index a word is → how much the word is worth."""

from __future__ import annotations

import math

_FEWEST = 100
"""Chunks; a smaller index counts as one of so many. Else a word that one of three chunks has would
be worth half of one that none has, and what fits well would score as what does not (decision 0015).
"""


def weigh_word(entries: int, frequency: int) -> float:
    """What a word is worth that so many of the index's chunks have."""
    return idf_of(max(entries, _FEWEST), frequency)


def idf_of(entries: int, frequency: int) -> float:
    """The inverse document frequency as tantivy's BM25 counts it."""
    return math.log(1 + (entries - frequency + 0.5) / (frequency + 0.5))
