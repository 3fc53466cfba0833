from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from ingest.mend import Repair, rebuild_collection, repair_collection
from ingest.verify import Stores, verify_collection
from rag_core.catalog import collections
from rag_core.embedding import Embedder, open_embedder
from rag_core.errors import FingerprintMismatchError
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from tests.fakes import stage
from tests.ingest.stores_support import CHUNKS, TEXTS, Filled


def open_model() -> AbstractAsyncContextManager[Embedder]:
    return open_embedder(
        Settings(_env_file=None, EMBEDDING_MODEL="langchain:tests.embeddings.WordEmbeddings")
    )


async def repair(stores: Stores, name: str = "animals") -> Repair:
    verdict = await verify_collection(stores, name)
    return await repair_collection(stores, verdict, open_model=open_model)


async def test_sound_stores_are_left_alone(filled: Filled) -> None:
    before = await filled.collection()

    done = await repair(filled.stores)

    assert (done.found, done.rebuilt, done.left) == ((), [], ())
    assert await filled.collection() == before


async def test_lost_vectors_are_put_back_from_the_catalog(filled: Filled) -> None:
    before = await filled.collection()
    await filled.stores.vectors.remove(before.vector_index, [f"{filled.ids['cat']}-1"])

    done = await repair(filled.stores)

    assert (done.embedded, done.added, done.rebuilt, done.left) == (0, 1, [], ())
    assert await filled.collection() == before


async def test_unknown_vectors_make_chroma_be_built_anew(filled: Filled) -> None:
    before = await filled.collection()
    await filled.stores.vectors.add(before.vector_index, ["gone-0"], np.ones((1, 64)))

    done = await repair(filled.stores)

    assert (done.rebuilt, done.left) == (["vectors"], ())
    assert before.vector_index not in await filled.stores.vectors.names()


async def test_a_lost_chroma_collection_is_built_anew(filled: Filled) -> None:
    await filled.stores.vectors.drop((await filled.collection()).vector_index)

    done = await repair(filled.stores)

    assert (done.embedded, done.rebuilt, done.left) == (0, ["vectors"], ())


async def test_vectors_that_the_catalog_lost_are_embedded_again(stores: Stores) -> None:
    async with open_model() as embedder:
        collection = await collections.ensure_collection(
            stores.catalog, "a", fingerprint=embedder.fingerprint, dimension=embedder.dimension
        )
        ids = await stage(stores.catalog, collection, embedder, TEXTS)
    await upkeep.publish(stores.catalog, stores.vectors, collection, ids)
    filled = Filled(stores, {})
    await filled.execute("DELETE FROM vectors")

    done = await repair(stores, "a")

    assert (done.embedded, done.left) == (CHUNKS, ())


async def test_another_model_does_not_mend_lost_vectors(filled: Filled) -> None:
    await filled.execute("DELETE FROM vectors")

    with pytest.raises(FingerprintMismatchError, match="fake/words/64"):
        await repair(filled.stores)


async def test_what_only_the_source_can_mend_is_left_and_said(filled: Filled) -> None:
    await filled.execute("UPDATE documents SET token_count = 1 WHERE source = 'cat'")

    done = await repair(filled.stores)

    assert [finding.check for finding in done.left] == ["counts"]


async def test_rebuilding_makes_both_indexes_anew(filled: Filled) -> None:
    before = await filled.collection()

    after = await rebuild_collection(filled.stores, "animals")

    assert after.vector_index != before.vector_index
    assert before.vector_index not in await filled.stores.vectors.names()
    assert await filled.findings() == {}
