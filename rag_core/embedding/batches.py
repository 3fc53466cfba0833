"""Texts in batches, some at a time, into one matrix of unit vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rag_core.errors import EmbeddingRejectedError, EmbeddingUnavailableError

Matrix = npt.NDArray[np.float32]


def cut_batches(sizes: Sequence[int], *, max_size: int, max_count: int) -> Iterator[slice]:
    """Cut rows into runs whose sizes sum to no more than `max_size`; a larger row stands alone."""
    start, total = 0, 0
    for row, size in enumerate(sizes):
        if row > start and (total + size > max_size or row - start == max_count):
            yield slice(start, row)
            start, total = row, 0
        total += size
    if start < len(sizes):
        yield slice(start, len(sizes))


async def fill_matrix(
    matrix: Matrix,
    batches: Iterator[slice],
    embed_batch: Callable[[slice], Awaitable[Matrix]],
    *,
    at_once: int,
) -> None:
    """Embed the batches, no more than `at_once` at a time, each into its rows of the matrix.

    The first failure ends the others and is raised as it is.
    """

    async def work() -> None:
        for rows in batches:
            matrix[rows] = await embed_batch(rows)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


def unit_vectors(
    vectors: Sequence[Sequence[float]], *, count: int, dimension: int | None, model: str
) -> Matrix:
    """Check what a model answered for `count` texts and scale each vector to length one.

    Raises:
        EmbeddingUnavailableError: too few or too many vectors, or none that can be scaled.
        EmbeddingRejectedError: they have another dimension than the model had when it was opened.
    """
    try:
        matrix = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EmbeddingUnavailableError(
            f"model {model!r} answered with vectors that are not equally long rows of numbers"
        ) from error
    if matrix.shape[:-1] != (count,):
        raise EmbeddingUnavailableError(
            f"model {model!r} answered with {len(matrix)} vectors for {count} texts"
        )
    if dimension not in (None, matrix.shape[1]):
        raise EmbeddingRejectedError(
            f"model {model!r} answered with vectors of {matrix.shape[1]} numbers; "
            f"it had {dimension} when it was opened"
        )
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise EmbeddingUnavailableError(f"model {model!r} answered with a vector without direction")
    scaled: Matrix = matrix / lengths
    return scaled
