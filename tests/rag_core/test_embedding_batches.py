from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.embedding.batches import Matrix, cut_batches, fill_matrix, unit_vectors
from rag_core.errors import EmbeddingRejectedError, EmbeddingUnavailableError


@given(st.lists(st.integers(0, 50)), st.integers(1, 60), st.integers(1, 8))
def test_batches_cover_all_rows_within_their_limits(
    sizes: list[int], max_size: int, max_count: int
) -> None:
    batches = list(cut_batches(sizes, max_size=max_size, max_count=max_count))

    covered = [row for rows in batches for row in range(rows.start, rows.stop)]
    assert covered == list(range(len(sizes)))
    for rows in batches:
        count = rows.stop - rows.start
        assert 1 <= count <= max_count
        assert sum(sizes[rows]) <= max_size or count == 1


@given(st.lists(st.integers(1, 20), min_size=1))
def test_a_batch_ends_only_where_the_next_text_does_not_fit(sizes: list[int]) -> None:
    batches = list(cut_batches(sizes, max_size=30, max_count=100))

    assert all(sum(sizes[one]) + sizes[two.start] > 30 for one, two in pairwise(batches))


async def test_each_batch_fills_its_own_rows_and_few_run_at_once() -> None:
    matrix: Matrix = np.zeros((10, 1), np.float32)
    running: list[int] = [0, 0]

    async def embed(rows: slice) -> Matrix:
        running[0] += 1
        running[1] = max(running)
        await asyncio.sleep(0.001 * (10 - rows.start))
        running[0] -= 1
        return np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]

    await fill_matrix(matrix, cut_batches([1] * 10, max_size=2, max_count=2), embed, at_once=3)

    assert matrix[:, 0].tolist() == list(range(10))
    assert running == [0, 3]


async def test_the_first_failure_ends_the_others() -> None:
    finished: list[int] = []

    async def embed(rows: slice) -> Matrix:
        if rows.start == 1:
            raise EmbeddingUnavailableError("no answer")
        await asyncio.sleep(0.05)
        finished.append(rows.start)
        return np.zeros((1, 1), np.float32)

    batches = cut_batches([1] * 9, max_size=1, max_count=1)
    with pytest.raises(EmbeddingUnavailableError, match="no answer"):
        await fill_matrix(np.zeros((9, 1), np.float32), batches, embed, at_once=3)

    await asyncio.sleep(0.1)
    assert finished == []


@given(st.lists(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=3), min_size=1))
def test_vectors_are_scaled_to_length_one(vectors: list[list[float]]) -> None:
    matrix = unit_vectors(vectors, count=len(vectors), dimension=3, model="m")

    assert matrix.dtype == np.float32
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("vectors", "fault"),
    [
        ([], "0 vectors for 2 texts"),
        ([[1.0, 2.0]], "1 vectors for 2 texts"),
        ([[1.0, 2.0], [1.0]], "not equally long rows"),
        ([[1.0, 2.0], ["a", "b"]], "not equally long rows"),
        ([[1.0, 2.0], [0.0, 0.0]], "without direction"),
        ([[1.0, 2.0], [float("nan"), 1.0]], "without direction"),
    ],
)
def test_a_malformed_answer_is_told_from_a_good_one(vectors: list[list[float]], fault: str) -> None:
    with pytest.raises(EmbeddingUnavailableError, match=fault):
        unit_vectors(vectors, count=2, dimension=2, model="m")


def test_another_dimension_is_refused() -> None:
    with pytest.raises(EmbeddingRejectedError, match="3 numbers; it had 2"):
        unit_vectors([[1.0, 2.0, 3.0]], count=1, dimension=2, model="m")
