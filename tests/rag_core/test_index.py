import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_core import index as index_module
from rag_core.catalog import collections, documents, versions
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import open_catalog
from rag_core.errors import ConfigurationError
from rag_core.index import Index, follow_changes, open_index
from rag_core.lexical.engine import Lexical
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from tests.fakes import MemoryVectors, WordEmbedder, find_passages, stage


def settings_in(home: Path, **more: str) -> Settings:
    return Settings(RAG_HOME=home, _env_file=None, **more)


async def ensure(index: Index) -> Collection:
    embedder = index.embedder
    return await collections.ensure_collection(
        index.catalog, "default", fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )


async def stage_cat(index: Index) -> list[str]:
    return await stage(
        index.catalog, await ensure(index), index.embedder, {"/cat": "The cat sat on the mat."}
    )


async def test_what_a_killed_ingest_left_staged_is_found_after_opening(tmp_path: Path) -> None:
    async with open_index(settings_in(tmp_path)) as index:
        await stage_cat(index)

    async with open_index(settings_in(tmp_path)) as index:
        passages = await find_passages(index, "default", "Where did the cat sit?", top_k=3)

    assert [one.source for one in passages] == ["/cat"]


async def test_a_lost_vector_index_is_built_again_at_opening(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_index(settings_in(tmp_path)) as index:
        await stage_cat(index)
    async with open_index(settings_in(tmp_path)) as index:
        await index.vectors.drop((await ensure(index)).vector_index)

    async with open_index(settings_in(tmp_path)) as index:
        passages = await find_passages(index, "default", "cat", top_k=3)

    assert [one.source for one in passages] == ["/cat"]
    assert "rebuilding" in caplog.text


async def test_a_lexical_index_that_cannot_be_written_does_not_keep_us_from_opening(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_index(settings_in(tmp_path)) as index:
        await stage_cat(index)
        (tmp_path / "lexical").write_text("in the way of the folder")

    async with open_index(settings_in(tmp_path)) as index:
        await ensure(index)

    assert "are found as they were" in caplog.text


async def test_a_part_that_does_not_open_closes_the_others(tmp_path: Path) -> None:
    wrong = settings_in(tmp_path, EMBEDDING_MODEL="nowhere/at/all")

    with pytest.raises(ConfigurationError):
        async with open_index(wrong):
            pass


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield Index(catalog, WordEmbedder(), MemoryVectors(), Lexical(tmp_path))


@pytest.fixture
async def following(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncio.Task[None]]:
    monkeypatch.setattr(index_module, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(index_module, "_RETRY_SECONDS", 0.01)
    task = asyncio.create_task(follow_changes(index))
    yield task
    task.cancel()
    await asyncio.wait([task])


class BlindVectors(MemoryVectors):
    """Holds all and finds none: what no rebuild mends."""

    server = None

    async def query(self, name: str, vector: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Nothing."""
        return (await super().query(name, vector, k))[:0]


async def test_a_fault_that_a_new_vector_index_has_too_is_said_once(
    tmp_path: Path, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "chroma").mkdir()
    blind = replace(index, vectors=BlindVectors(tmp_path))
    collection, ids = await ensure(blind), await stage_cat(blind)
    await upkeep.publish(blind.catalog, blind.vectors, collection, ids)

    for _ in range(3):
        await index_module._heal_all(blind, {})

    assert caplog.text.count("rebuilding it") == 1
    assert caplog.text.count("it stays as it is") == 1


async def until_replaced(index: Index, lost: Collection) -> None:
    """Wait until the collection has another vector index, at most ten seconds."""
    for _ in range(500):
        if (await ensure(index)).vector_index != lost.vector_index:
            return
        await asyncio.sleep(0.02)


async def test_a_vector_index_that_is_lost_while_we_serve_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_HEAL_SECONDS", 0.05)
    async with open_index(settings_in(tmp_path)) as index:
        collection, ids = await ensure(index), await stage_cat(index)
        await upkeep.publish(index.catalog, index.vectors, collection, ids)
        lost = await ensure(index)
        serving = asyncio.create_task(follow_changes(index))

        await index.vectors.drop(lost.vector_index)
        await until_replaced(index, lost)
        passages = await find_passages(index, "default", "cat", top_k=3)
        serving.cancel()
        await asyncio.wait([serving])

    assert [one.source for one in passages] == ["/cat"]


async def words_find(index: Index, collection: Collection) -> bool:
    """Wait until the lexical index has the cat, at most two seconds."""
    for _ in range(200):
        if (await index.lexical.search(collection, "cat", 1)).best:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_the_follower_applies_what_others_publish(
    index: Index, following: asyncio.Task[None]
) -> None:
    collection = await ensure(index)

    await documents.publish_documents(index.catalog, collection, await stage_cat(index))

    assert await words_find(index, collection)
    assert not following.done()


async def test_the_follower_outlives_failures_and_goes_on(
    index: Index,
    following: asyncio.Task[None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collection = await ensure(index)
    (tmp_path / "lexical").write_text("in the way of the folder")
    await documents.publish_documents(index.catalog, collection, await stage_cat(index))
    with caplog.at_level(logging.WARNING):
        await asyncio.sleep(0.3)

    (tmp_path / "lexical").unlink()

    assert "fall behind" in caplog.text
    assert await words_find(index, collection)
    assert not following.done()


async def test_a_reindex_with_another_model_is_said_once_while_we_serve(
    index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    current, models = await ensure(index), dict[str, str]()
    await index_module._heal_all(index, models)
    name = collections.version_name("default", "next")
    target = await collections.ensure_collection(
        index.catalog, name, fingerprint="other", dimension=64
    )
    await versions.switch_version(index.catalog, current, target, at_seq=current.seq)

    await index_module._heal_all(index, models)
    await index_module._heal_all(index, models)

    assert caplog.text.count("'default' was reindexed with other: searches by fake/words/64") == 1
