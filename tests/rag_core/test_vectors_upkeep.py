import asyncio
import logging
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import numpy as np
import pytest
from sqlalchemy import text

from rag_core.catalog import changes, chunks, collections, documents
from rag_core.catalog import vectors as cache
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import StagedDocument
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.documents import Chunk, Document, chunk_id, hash_text, indexed_text, new_document_id
from rag_core.errors import LostVectorsError, VectorsMissingError
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import Vectors, open_vectors
from tests.rag_core.vectors_support import (
    IDLE_SECONDS,
    kept_server,
    record_of,
    settings_for,
    unit_vectors,
    until_stopped,
)

DIMENSION = 16
CHUNKS = 30


@dataclass(frozen=True)
class Parts:
    """A catalog and a Chroma of one home, and the documents that tests put there."""

    home: Path
    catalog: Catalog
    vectors: Vectors

    async def collection(self) -> Collection:
        return await collections.ensure_collection(
            self.catalog, "papers", fingerprint="f", dimension=DIMENSION
        )

    async def stage(self, source: str, *, version: int = 0) -> str:
        """Stage a document of CHUNKS chunks with vectors of its own; returns its id."""
        texts = [f"{source} {version} {position:03}" for position in range(CHUNKS)]
        whole = "".join(texts)
        cut = [
            Chunk(start := position * len(text), start + len(text), text, 3)
            for position, text in enumerate(texts)
        ]
        document = Document(source, source, whole, "text/plain", "plain")
        staged = StagedDocument(new_document_id(), document, tuple(cut), hash_text(whole), 1)
        hashes = [hash_text(indexed_text(source, (), text)) for text in texts]
        matrix = unit_vectors(CHUNKS, DIMENSION, seed=crc32(whole.encode()))
        await cache.save_vectors(self.catalog, "f", hashes, matrix)
        await documents.stage_documents(self.catalog, await self.collection(), [staged])
        return staged.id

    async def put(self, source: str, *, version: int = 0) -> str:
        """Stage a document and publish it."""
        staged = await self.stage(source, version=version)
        await upkeep.publish(self.catalog, self.vectors, await self.collection(), [staged])
        return staged

    async def unfound(self) -> set[str]:
        """Chunks that the catalog has and a search for everything does not find in Chroma."""
        collection = await self.collection()
        wanted: set[str] = set()
        async for ids, _ in chunks.live_vectors(self.catalog, collection):
            wanted |= set(ids)
        probe = unit_vectors(1, DIMENSION)[0]
        found = await self.vectors.query(collection.vector_index, probe, 2 * len(wanted))
        return wanted - set(dict(found))

    async def lost(self) -> set[str]:
        """Chunks that the catalog has and Chroma does not hold."""
        collection = await self.collection()
        wanted: set[str] = set()
        async for ids, _ in chunks.live_vectors(self.catalog, collection):
            wanted |= set(ids)
        return wanted - await self.vectors.held(collection.vector_index, sorted(wanted))

    async def check(self) -> str | None:
        return await upkeep.check_health(self.catalog, self.vectors, await self.collection())

    async def rebuild(self) -> Collection:
        return await upkeep.rebuild(self.catalog, self.vectors, await self.collection())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give one server to the tests that leave it whole."""
    with kept_server(tmp_path_factory.mktemp("home")) as folder:
        yield folder


@pytest.fixture
async def parts(home: Path, tmp_path: Path) -> AsyncIterator[Parts]:
    """A catalog and a database of the shared server, both of this test alone."""
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    settings = settings_for(home, DATABASE_URL=url, CHROMA_DATABASE=f"test-{uuid4().hex}")
    async with opened(settings) as whole:
        yield whole


@pytest.fixture
async def own_parts(tmp_path: Path) -> AsyncIterator[Parts]:
    """The same with a server of its own, to be broken."""
    async with opened(settings_for(tmp_path)) as whole:
        yield whole
    await until_stopped(tmp_path)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    async with (
        open_catalog(settings.catalog_url) as catalog,
        open_vectors(settings, idle_seconds=IDLE_SECONDS) as vectors,
    ):
        yield Parts(settings.home, catalog, vectors)


def break_store(parts: Parts, breakage: Callable[[Path], None]) -> None:
    """Damage the files under a server that is killed for it, and started again by its keeper."""
    record = record_of(parts.home)
    os.kill(record.keeper_pid, signal.SIGSTOP)
    os.kill(record.chroma_pid, signal.SIGKILL)
    breakage(parts.home / "chroma" / "data")
    os.kill(record.keeper_pid, signal.SIGCONT)


def truncate_vectors(data: Path) -> None:
    for path in data.glob("*/data_level0.bin"):
        os.truncate(path, 1000)


def garble_header(data: Path) -> None:
    for path in data.glob("*/header.bin"):
        path.write_bytes(b"\xa5" * path.stat().st_size)


def remove_index(data: Path) -> None:
    for path in data.glob("*/*.*"):
        path.unlink()


def garble_database(data: Path) -> None:
    (data / "chroma.sqlite3").write_bytes(b"\xa5" * 100_000)
    for path in data.glob("chroma.sqlite3-*"):
        path.unlink()


def _drop_tables(data: Path) -> None:
    with closing(sqlite3.connect(data / "chroma.sqlite3")) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        for table in ("collection_metadata", "segments", "embeddings_queue"):
            database.execute(f"DROP TABLE {table}")
        database.commit()


async def test_published_documents_are_live_and_found(parts: Parts) -> None:
    await parts.put("a")
    await parts.put("b")

    collection = await parts.collection()
    assert await parts.vectors.count(collection.vector_index) == 2 * CHUNKS
    assert await parts.unfound() == set()
    assert await parts.check() is None


async def test_publishing_twice_changes_nothing(parts: Parts) -> None:
    document_id = await parts.put("a")
    before = await parts.collection()

    again = await upkeep.publish(parts.catalog, parts.vectors, before, [document_id])

    assert again.published == ()
    assert await parts.collection() == before
    assert await parts.vectors.count(before.vector_index) == CHUNKS


async def test_what_a_killed_run_left_staged_is_published(parts: Parts) -> None:
    for source in "abc":
        await parts.stage(source)

    await upkeep.recover(parts.catalog, parts.vectors, await parts.collection())

    collection = await parts.collection()
    assert await documents.staged_ids(parts.catalog, collection) == []
    assert await chunks.count_live_chunks(parts.catalog, collection) == 3 * CHUNKS
    assert await parts.unfound() == set()


async def test_the_dead_leave_chroma_and_the_catalog(parts: Parts) -> None:
    old = await parts.put("a")
    new = await parts.put("a", version=1)

    await upkeep.sweep(parts.catalog, parts.vectors, await parts.collection())

    collection = await parts.collection()
    found = await parts.vectors.query(collection.vector_index, unit_vectors(1)[0], 1000)
    assert {name for name, _ in found} == {chunk_id(new, position) for position in range(CHUNKS)}
    assert await chunks.chunk_ids(parts.catalog, [old]) == []
    assert collection.removed_vectors == CHUNKS


async def test_too_many_removed_vectors_lead_to_a_rebuild(parts: Parts) -> None:
    await parts.put("a")
    before = await parts.collection()
    await collections.count_removed(parts.catalog, before, 501)

    await upkeep.sweep(parts.catalog, parts.vectors, before)

    after = await parts.collection()
    assert (after.vector_index != before.vector_index, after.removed_vectors) == (True, 0)
    assert await parts.vectors.names() == [after.vector_index]
    assert await parts.unfound() == set()


async def test_a_new_collection_is_healthy(parts: Parts) -> None:
    await parts.collection()

    assert await parts.check() is None


async def test_a_collection_dropped_behind_our_back_is_built_again(parts: Parts) -> None:
    await parts.put("a")
    await parts.vectors.drop((await parts.collection()).vector_index)

    fault = await parts.check()
    await parts.rebuild()

    assert fault is not None
    assert "does not exist" in fault
    assert (await parts.check(), await parts.unfound()) == (None, set())


async def test_publishing_into_a_lost_collection_restores_the_others_too(parts: Parts) -> None:
    await parts.put("a")
    await parts.vectors.drop((await parts.collection()).vector_index)

    await parts.put("b")

    assert await parts.check() is None
    assert await chunks.count_live_chunks(parts.catalog, await parts.collection()) == 2 * CHUNKS
    assert await parts.unfound() == set()


async def test_vectors_that_are_gone_from_chroma_are_noticed(parts: Parts) -> None:
    document_id = await parts.put("a")
    collection = await parts.collection()
    gone = [chunk_id(document_id, position) for position in range(3)]

    await parts.vectors.remove(collection.vector_index, gone)

    assert await parts.check() == f"Chroma holds {CHUNKS - 3} of {CHUNKS} vectors"


async def test_a_vector_that_is_another_in_chroma_is_noticed(parts: Parts) -> None:
    await parts.put("a")
    collection = await parts.collection()
    sample = await chunks.sample_live_chunk(parts.catalog, collection)
    assert sample is not None
    strangers = np.repeat(-sample.vector[np.newaxis], CHUNKS, axis=0)

    await parts.vectors.drop(collection.vector_index)
    await parts.vectors.create(collection.vector_index)
    await parts.vectors.add(collection.vector_index, [f"x-{n}" for n in range(CHUNKS)], strangers)

    assert "is not found" in str(await parts.check())


@pytest.mark.parametrize(
    "breakage", [truncate_vectors, garble_header, remove_index, garble_database]
)
async def test_a_store_that_is_broken_is_made_whole_without_embedding(
    own_parts: Parts, breakage: Callable[[Path], None]
) -> None:
    for number in range(40):
        await own_parts.stage(str(number))
    await upkeep.recover(own_parts.catalog, own_parts.vectors, await own_parts.collection())
    assert list((own_parts.home / "chroma" / "data").glob("*/header.bin"))

    break_store(own_parts, breakage)
    fault = await own_parts.check()
    await own_parts.rebuild()

    assert fault is not None
    assert await own_parts.check() is None
    assert len(await own_parts.unfound()) <= 0.01 * 40 * CHUNKS


async def test_a_store_in_which_nothing_can_be_made_is_moved_aside(
    own_parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    await own_parts.put("a")
    await asyncio.to_thread(break_store, own_parts, _drop_tables)

    with caplog.at_level(logging.WARNING):
        await own_parts.rebuild()

    assert "moved aside" in caplog.text
    assert len(list((own_parts.home / "chroma").glob("data.broken-*"))) == 1
    assert (await own_parts.check(), await own_parts.unfound()) == (None, set())


async def test_documents_published_during_a_rebuild_are_not_lost(parts: Parts) -> None:
    for number in range(10):
        await parts.put(f"before {number}")

    async def put_some(writer: int) -> None:
        for number in range(6):
            await parts.put(f"{writer} {number}")

    async def rebuild_some() -> None:
        for _ in range(3):
            await parts.rebuild()

    await asyncio.gather(put_some(1), put_some(2), rebuild_some())

    collection = await parts.collection()
    assert await chunks.count_live_chunks(parts.catalog, collection) == 22 * CHUNKS
    assert await parts.vectors.count(collection.vector_index) == 22 * CHUNKS
    assert (await parts.unfound(), await parts.vectors.names()) == (
        set(),
        [collection.vector_index],
    )


async def test_two_who_rebuild_at_once_build_once(parts: Parts) -> None:
    await parts.put("a")
    before = await parts.collection()

    built = await asyncio.gather(
        *(upkeep.rebuild(parts.catalog, parts.vectors, before) for _ in range(3))
    )

    assert len({collection.vector_index for collection in built}) == 1
    assert await parts.vectors.names() == [built[0].vector_index]


async def test_what_a_killed_build_left_is_dropped_by_the_next_sweep(parts: Parts) -> None:
    await parts.put("a")
    collection = await parts.collection()
    await parts.vectors.create("rag-unfinished")
    await parts.vectors.create("somebody-elses")
    upkeep._note(parts.vectors, collection, ["rag-unfinished", collection.vector_index])

    await upkeep.sweep(parts.catalog, parts.vectors, collection)

    assert sorted(await parts.vectors.names()) == [collection.vector_index, "somebody-elses"]


async def test_chroma_killed_while_we_publish_costs_nothing(own_parts: Parts) -> None:
    await own_parts.put("first")

    async def put_some() -> None:
        for number in range(20):
            await own_parts.put(str(number))

    writing = asyncio.create_task(put_some())
    for _ in range(3):
        await asyncio.sleep(0.2)
        os.kill(record_of(own_parts.home).chroma_pid, signal.SIGKILL)
        await asyncio.sleep(0.6)
    await writing

    if await own_parts.check() is not None:
        await own_parts.rebuild()
    read = await changes.read_changes(
        own_parts.catalog, (await own_parts.collection()).id, after=0, limit=100
    )
    assert (len(read), await own_parts.lost()) == (21, set())
    # An index that finds nearly all: of what it holds it misses one in some hundred.
    assert len(await own_parts.unfound()) <= 0.01 * 21 * CHUNKS


async def test_the_old_index_is_missing_after_a_rebuild(parts: Parts) -> None:
    await parts.put("a")
    before = await parts.collection()

    await parts.rebuild()

    with pytest.raises(VectorsMissingError):
        await parts.vectors.query(before.vector_index, unit_vectors(1)[0], 1)


async def test_documents_whose_vectors_were_deleted_are_not_published(parts: Parts) -> None:
    staged = await parts.stage("a")
    await prune_all_vectors(parts)

    with pytest.raises(LostVectorsError, match="run the same command again") as caught:
        await upkeep.publish(parts.catalog, parts.vectors, await parts.collection(), [staged])

    assert list(caught.value.document_ids) == [staged]


async def test_recovery_gives_up_what_has_lost_its_vectors(parts: Parts) -> None:
    await parts.stage("a")
    await prune_all_vectors(parts)
    kept = await parts.stage("b")

    await upkeep.recover(parts.catalog, parts.vectors, await parts.collection())

    live = await documents.list_documents(parts.catalog, await parts.collection(), limit=9)
    assert [one.id for one in live] == [kept]
    assert await documents.staged_ids(parts.catalog, await parts.collection()) == []


async def prune_all_vectors(parts: Parts) -> None:
    async with parts.catalog.writing() as connection:
        await connection.execute(text("DELETE FROM vectors"))
