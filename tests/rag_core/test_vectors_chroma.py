import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import ConfigurationError, VectorsMissingError, VectorsUnavailableError
from rag_core.vectors.chroma import Vectors, batches, open_vectors, read_address
from rag_core.vectors.server import ServerAddress
from tests.rag_core.vectors_support import (
    IDLE_SECONDS,
    kept_server,
    record_of,
    settings_for,
    unit_vectors,
)

IDS = [f"d-{number}" for number in range(600)]
MATRIX = unit_vectors(600)


_READER = """
import json, sys, chromadb
client = chromadb.HttpClient("127.0.0.1", int(sys.argv[1]))
stored = client.get_collection(sys.argv[2], embedding_function=None)
rows = stored.get(include=["embeddings"])
closest = stored.query(query_embeddings=[rows["embeddings"][0]], n_results=5, include=["distances"])
space = stored.configuration["hnsw"]["space"]
print(json.dumps([rows["ids"], rows["embeddings"].tolist(), closest["distances"][0], space]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give one server to all tests of this module."""
    with kept_server(tmp_path_factory.mktemp("home")) as folder:
        yield folder


@pytest.fixture
def name() -> str:
    return f"rag-{uuid4().hex}"


@pytest.fixture
async def vectors(home: Path, name: str) -> AsyncIterator[Vectors]:
    async with open_vectors(settings_for(home), idle_seconds=IDLE_SECONDS) as opened:
        await opened.create(name)
        yield opened


async def test_many_equal_vectors_do_not_hide_the_others(vectors: Vectors, name: str) -> None:
    others = unit_vectors(200, dimension=384)
    equal = np.repeat(unit_vectors(1, dimension=384, seed=1), 1_800, axis=0)
    order = np.random.default_rng(3).permutation(2_000)

    await vectors.add(name, [f"{place}" for place in order], np.concatenate([others, equal])[order])

    found = [
        f"{place}" in dict(await vectors.query(name, others[place], 10)) for place in range(20)
    ]
    assert sum(found) >= 18  # none without; HNSW finds what it finds


async def test_the_closest_come_first_with_their_cosines(vectors: Vectors, name: str) -> None:
    await vectors.add(name, IDS, MATRIX)

    found = await vectors.query(name, MATRIX[3], 20)

    exact = MATRIX @ MATRIX[3]
    best = np.argsort(-exact)[:20]
    assert found[0][0] == IDS[3]
    assert np.allclose([score for _, score in found], exact[best], atol=1e-3)
    assert np.allclose([exact[IDS.index(one)] for one, _ in found], exact[best], atol=1e-3)


async def test_no_more_are_found_than_asked_for_where_more_are_looked_at(
    vectors: Vectors, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag_core.vectors.beams._ONE_IN", 1)
    monkeypatch.setattr("rag_core.vectors.chroma._EF_SEARCH", 2)
    await vectors.add(name, ["a", "b", "c"], np.eye(3, dtype=np.float32))

    found = await vectors.query(name, np.array([0.1, 0.8, 0.6]), 2)

    assert [chunk_id for chunk_id, _ in found] == ["b", "c"]


async def test_chromas_own_client_reads_what_we_wrote(
    vectors: Vectors, name: str, home: Path
) -> None:
    await vectors.add(name, IDS[:5], MATRIX[:5])

    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _READER, str(record_of(home).port), name, stdout=subprocess.PIPE
    )
    ids, embeddings, distances, space = json.loads((await reader.communicate())[0])
    ours = await vectors.query(name, MATRIX[0], 5)

    assert (ids, space) == (IDS[:5], "cosine")
    assert np.allclose(np.array(embeddings), MATRIX[:5], atol=1e-3)  # a hair apart
    assert np.allclose(
        [1 - distance for distance in distances], [score for _, score in ours], atol=1e-3
    )


async def test_adding_twice_changes_nothing(vectors: Vectors, name: str) -> None:
    await vectors.add(name, IDS, MATRIX)
    before = await vectors.query(name, MATRIX[0], 5)

    await vectors.create(name)
    await vectors.add(name, IDS[:200], MATRIX[:200])

    assert await vectors.count(name) == 600
    assert await vectors.query(name, MATRIX[0], 5) == before


async def test_what_is_removed_is_not_found(vectors: Vectors, name: str) -> None:
    await vectors.add(name, IDS, MATRIX)

    await vectors.remove(name, [*IDS[:590], "never-there"])
    await vectors.remove(name, [])

    found = await vectors.query(name, MATRIX[0], 1000)
    assert {chunk_id for chunk_id, _ in found} == set(IDS[590:])


async def test_an_empty_collection_and_k_0_find_nothing(vectors: Vectors, name: str) -> None:

    empty = await vectors.query(name, MATRIX[0], 5)
    await vectors.add(name, [], MATRIX[:0])
    await vectors.add(name, IDS[:2], MATRIX[:2])

    assert empty == await vectors.query(name, MATRIX[0], 0) == []
    assert len(await vectors.query(name, MATRIX[0], 5)) == 2


@pytest.mark.parametrize("unknown", ["rag-unknown", ""])
async def test_an_unknown_collection_is_missing(vectors: Vectors, unknown: str) -> None:
    with pytest.raises(VectorsMissingError):
        await vectors.query(unknown, MATRIX[0], 5)
    with pytest.raises(VectorsMissingError):
        await vectors.count(unknown)
    with pytest.raises(VectorsMissingError):
        await vectors.add(unknown, IDS[:1], MATRIX[:1])


async def test_a_dropped_collection_is_missing_and_can_be_made_again(
    vectors: Vectors, name: str, home: Path
) -> None:
    async with open_vectors(settings_for(home), idle_seconds=IDLE_SECONDS) as other:
        await other.drop(name)
        await other.drop(name)

        with pytest.raises(VectorsMissingError):
            await vectors.add(name, IDS[:1], MATRIX[:1])
        await other.create(name)
        await vectors.add(name, IDS[:1], MATRIX[:1])

        assert name in await vectors.names()


async def test_vectors_of_another_dimension_are_refused_in_words(
    vectors: Vectors, name: str
) -> None:
    await vectors.add(name, IDS[:1], MATRIX[:1])

    with pytest.raises(VectorsUnavailableError, match="dimension of 16, got 8"):
        await vectors.add(name, IDS[1:2], unit_vectors(1, 8))


async def test_calls_go_on_while_the_server_is_killed(
    vectors: Vectors, name: str, home: Path
) -> None:
    await vectors.add(name, IDS[:50], MATRIX[:50])
    record = record_of(home)

    calls = [
        asyncio.create_task(vectors.add(name, IDS[50:], MATRIX[50:])),
        *(asyncio.create_task(vectors.query(name, MATRIX[0], 3)) for _ in range(20)),
    ]
    await asyncio.sleep(0.02)
    os.kill(record.chroma_pid, signal.SIGKILL)
    await asyncio.gather(*calls)

    assert await vectors.count(name) == 600
    assert (await vectors.query(name, MATRIX[0], 1))[0][0] == IDS[0]


async def test_a_url_leads_to_its_tenant_and_database(
    vectors: Vectors, home: Path, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{record_of(home).port}"
    there = settings_for(
        tmp_path / "elsewhere", CHROMA_URL=url, CHROMA_TENANT="a b/ü", CHROMA_DATABASE="papers"
    )
    for _ in range(2):
        async with open_vectors(there) as others:
            await others.create("rag-theirs")
            await others.check()
            names = await others.names()

    assert names == ["rag-theirs"]
    assert "rag-theirs" not in await vectors.names()
    assert not (tmp_path / "elsewhere").exists()


@given(st.integers(0, 20_000), st.integers(1, 8192), st.integers(1, 6000))
def test_batches_cover_every_row_once_within_the_limits(
    count: int, dimension: int, max_rows: int
) -> None:
    cut = batches(count, 4 * count * dimension, max_rows=max_rows)

    covered = [row for start, end in cut for row in range(start, end)]
    assert covered == list(range(count))
    assert all((end - start) * 4 * dimension <= 16 * 2**20 for start, end in cut)
    assert all(0 < end - start <= min(500, max_rows) for start, end in cut)


async def test_a_refused_connection_is_said_in_words(tmp_path: Path) -> None:
    nowhere = settings_for(tmp_path, CHROMA_URL="http://127.0.0.1:9")

    with pytest.raises(VectorsUnavailableError, match="nothing listens there"):
        async with open_vectors(nowhere):
            pass


@pytest.mark.parametrize("url", ["chroma:8000", "ftp://host", "http://", "http://host:port"])
def test_a_wrong_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHROMA_URL"):
        read_address(url)


def test_a_url_is_taken_apart() -> None:
    addresses = [read_address(url) for url in ("http://chroma:8000", "https://host/behind/")]

    assert addresses == [
        ServerAddress("chroma", 8000),
        ServerAddress("host", 443, tls=True, path="/behind"),
    ]


async def test_it_tells_which_of_many_ids_it_has(vectors: Vectors, name: str) -> None:
    await vectors.add(name, IDS[:10], MATRIX[:10])

    assert await vectors.held(name, [f"none-{n}" for n in range(2_000)] + IDS) == set(IDS[:10])
    assert await vectors.held(name, []) == set()
