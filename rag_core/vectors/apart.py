"""Equal vectors to vectors a hair apart, which HNSW can find its way through."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np

_HAIR = 3e-4
"""The length of what is added to a vector of length one: no score shows it (decision 24)."""
_PLACES = 1 << 16


def keep_apart(ids: Sequence[str], matrix: np.ndarray) -> np.ndarray:
    """The rows, each moved a little in a direction that its id gives: the same one every time."""
    size = matrix.shape[1]
    places = np.array([zlib.crc32(one.encode()) % _PLACES for one in ids])
    moves = _directions(size)[places[:, np.newaxis] + np.arange(size)]
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.ascontiguousarray(matrix + lengths * moves, dtype="<f4")


@cache
def _directions(size: int) -> np.ndarray:
    """Random numbers, of which so many in a row, from any place on, are about a hair long."""
    numbers = np.random.default_rng(seed=24).standard_normal(_PLACES + size)
    return np.asarray(numbers * _HAIR / size**0.5, dtype="<f4")
