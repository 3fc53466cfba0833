from __future__ import annotations

import asyncio
import random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy import select

from rag_core.catalog import tables, vectors
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.documents import hash_text


def _hashes(count: int) -> list[bytes]:
    return [hash_text(str(number)) for number in range(count)]


async def read_vectors(
    catalog: Catalog, fingerprint: str, hashes: list[bytes]
) -> dict[bytes, np.ndarray]:
    """What is stored of these, by hash."""
    stored = tables.vectors.c
    query = select(stored.hash, stored.vector).where(stored.fingerprint == fingerprint)
    async with catalog.reading() as connection:
        rows = await connection.execute(query)
        return {key: vectors.to_vector(vector) for key, vector in rows if key in hashes}


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(matrix=arrays(np.float32, (3, 8), elements=st.floats(width=32, allow_nan=False)))
async def test_vectors_come_back_bit_by_bit(catalog: Catalog, matrix: np.ndarray) -> None:
    keys = [hash_text(row.tobytes().hex()) for row in matrix]

    await vectors.save_vectors(catalog, "model", keys, matrix)

    found = await read_vectors(catalog, "model", keys)
    assert all(found[key].tobytes() == row.tobytes() for key, row in zip(keys, matrix, strict=True))


async def test_what_is_cached_stays_as_it_was(catalog: Catalog) -> None:
    (key,) = _hashes(1)
    await vectors.save_vectors(catalog, "model", [key], np.ones((1, 4), np.float32))

    await vectors.save_vectors(catalog, "model", [key, key], np.zeros((2, 4), np.float32))

    assert (await read_vectors(catalog, "model", [key]))[key].tolist() == [1, 1, 1, 1]


async def test_each_model_has_vectors_of_its_own(catalog: Catalog) -> None:
    keys = _hashes(3)
    await vectors.save_vectors(catalog, "model", keys[:2], np.ones((2, 4), np.float32))

    assert await vectors.has_vectors(catalog, "model", keys) == set(keys[:2])
    assert await vectors.has_vectors(catalog, "other", keys) == set()
    assert await read_vectors(catalog, "other", keys) == {}


async def test_any_number_of_vectors_goes_in_and_out(catalog: Catalog) -> None:
    keys = _hashes(2_500)
    matrix = np.arange(2_500 * 4, dtype=np.float32).reshape(-1, 4)

    await vectors.save_vectors(catalog, "model", keys, matrix)

    found = await read_vectors(catalog, "model", keys)
    assert np.array_equal(np.stack([found[key] for key in keys]), matrix)
    assert await vectors.has_vectors(catalog, "model", keys) == set(keys)


async def test_nothing_is_saved_for_no_hashes(catalog: Catalog) -> None:
    await vectors.save_vectors(catalog, "model", [], np.zeros((0, 4), np.float32))

    assert await vectors.has_vectors(catalog, "model", []) == set()


async def test_doubles_are_stored_as_floats(catalog: Catalog) -> None:
    (key,) = _hashes(1)

    await vectors.save_vectors(catalog, "model", [key], np.full((1, 4), 0.1))

    found = (await read_vectors(catalog, "model", [key]))[key]
    assert found.dtype == np.float32
    assert found.tolist() == np.full(4, 0.1, np.float32).tolist()


async def test_two_savers_of_the_same_vectors_do_not_block_each_other(catalog_url: str) -> None:
    keys, matrix = _hashes(200), np.ones((200, 4), np.float32)
    async with open_catalog(catalog_url) as one, open_catalog(catalog_url) as other:
        saves = [
            vectors.save_vectors(catalog, "model", random.sample(keys, 200), matrix)
            for catalog in [one, other] * 4
        ]

        await asyncio.gather(*saves)

        assert await vectors.has_vectors(one, "model", keys) == set(keys)


async def test_replacing_puts_new_vectors_in_the_place_of_old(catalog: Catalog) -> None:
    one, other = _hashes(2)
    await vectors.save_vectors(catalog, "model", [one], np.ones((1, 4), np.float32))

    matrix = np.arange(8, dtype=np.float32).reshape(2, 4)
    await vectors.replace_vectors(catalog, "model", [other, one], matrix)

    found = await read_vectors(catalog, "model", [one, other])
    assert {key: row.tolist() for key, row in found.items()} == {
        other: [0, 1, 2, 3],
        one: [4, 5, 6, 7],
    }
