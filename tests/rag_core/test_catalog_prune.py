from __future__ import annotations

import asyncio

import numpy as np

from rag_core.catalog import documents, prune, vectors
from rag_core.catalog.chunks import lacking_vectors
from rag_core.catalog.engine import Catalog
from rag_core.catalog.prune import UnusedVectors
from rag_core.documents import hash_text
from tests.rag_core.catalog_support import (
    EMBEDDER,
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)

ONE = hash_text("one")


async def cached(catalog: Catalog, *texts: str) -> set[bytes]:
    hashes = [hash_text(text) for text in texts]
    return await vectors.has_vectors(catalog, EMBEDDER.fingerprint, hashes)


async def test_vectors_of_stored_documents_are_kept(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one", b="two")
    await publish_texts(catalog, collection, a="three")
    await stage_texts(catalog, collection, c="four")

    assert await prune.count_unused(catalog) == UnusedVectors(0, 0)
    assert await prune.delete_unused(catalog) == 0
    assert len(await cached(catalog, "one", "two", "three", "four")) == 4


async def test_vectors_of_deleted_documents_are_unused(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="one", b="two")
    await documents.remove_documents(catalog, collection, ids[:1])
    await documents.delete_dead(catalog, ids[:1])

    assert await prune.count_unused(catalog) == UnusedVectors(1, 4 * EMBEDDER.dimension)
    assert await prune.delete_unused(catalog) == 1
    assert await cached(catalog, "one", "two") == {hash_text("two")}


async def test_vectors_of_another_model_are_unused_though_the_text_is_stored(
    catalog: Catalog,
) -> None:
    await publish_texts(catalog, await make_collection(catalog), a="one")
    await vectors.save_vectors(catalog, "old model", [ONE], np.ones((1, 8), np.float32))

    assert await prune.delete_unused(catalog) == 1
    assert await cached(catalog, "one") == {ONE}


async def test_documents_stored_meanwhile_keep_their_vectors_or_are_known(
    catalog: Catalog,
) -> None:
    collection = await make_collection(catalog)
    texts = {f"text{number}": f"text {number}" for number in range(20)}

    async def store() -> list[str]:
        return [(await stage_texts(catalog, collection, **{k: v}))[0] for k, v in texts.items()]

    async def prune_often() -> None:
        for _ in range(20):
            await prune.delete_unused(catalog)

    ids, _ = await asyncio.gather(store(), prune_often())

    lost = set(await lacking_vectors(catalog, collection, ids))
    kept = await cached(catalog, *texts.values())
    assert len(kept) + len(lost) == len(texts)


async def test_a_document_without_its_vectors_is_known(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    bare = make_document("a", "One.", "Two.")
    await documents.stage_documents(catalog, collection, [bare])
    (whole,) = await stage_texts(catalog, collection, b="two")

    assert await lacking_vectors(catalog, collection, [whole, bare.id]) == [bare.id]


async def test_space_is_given_back_and_everything_stays(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="long " * 200_000, b="two")
    await documents.remove_documents(catalog, collection, ids[:1])
    await documents.delete_dead(catalog, ids[:1])
    before = await prune.catalog_bytes(catalog)

    await prune.give_back_space(catalog)

    after = await prune.catalog_bytes(catalog)
    assert after < before - 1_000_000 or catalog.url.startswith("postgresql")
    assert (await documents.get_document(catalog, ids[1]))[1] == "two"
