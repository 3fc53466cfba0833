"""Both scores of a passage → its fused score, which means the same for every query."""

from __future__ import annotations

import numpy as np

from rag_core.legibility import temper

_COSINE_WEIGHT = 0.4
_LEXICAL_WEIGHT = 0.6


def fuse_scores(
    cosines: np.ndarray, lexical: np.ndarray, ceiling: float, *, legible: bool = True
) -> np.ndarray:
    """Add up cosine and BM25; `legible` is whether the model can read the query.

    `ceiling` is what no BM25 of the query's words alone can pass, 0 when it has no words.
    """
    covered = np.minimum(lexical / ceiling, 1.0) if ceiling else np.zeros_like(lexical)
    fused: np.ndarray = (
        _COSINE_WEIGHT * temper(cosines, legible=legible) + _LEXICAL_WEIGHT * covered
    )
    return fused
