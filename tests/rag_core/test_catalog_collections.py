from __future__ import annotations

import asyncio

import pytest

from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.errors import CollectionNotFoundError, FingerprintMismatchError, StaleVectorIndexError
from tests.rag_core.catalog_support import make_collection, publish_texts, stage_texts


async def test_a_collection_is_made_once_and_read_again(catalog: Catalog) -> None:
    made = await make_collection(catalog)

    again = await make_collection(catalog)

    assert made == again == await collections.get_collection(catalog, "default")
    assert (made.seq, made.removed_vectors) == (0, 0)


async def test_two_makers_at_once_get_the_same_collection(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as one, open_catalog(catalog_url) as other:
        made = await asyncio.gather(*(make_collection(catalog) for catalog in [one, other] * 5))

    assert len(set(made)) == 1


async def test_another_model_is_refused(catalog: Catalog) -> None:
    await make_collection(catalog)

    with pytest.raises(FingerprintMismatchError, match="other/model"):
        await collections.ensure_collection(
            catalog, "default", fingerprint="other/model", dimension=64
        )


async def test_an_unknown_collection_is_refused_with_the_known_names(catalog: Catalog) -> None:
    await make_collection(catalog, "papers")

    with pytest.raises(CollectionNotFoundError, match="'nothing'; there are: 'papers'"):
        await collections.get_collection(catalog, "nothing")


@pytest.mark.parametrize("name", ["x'; DROP TABLE chunks", "%s :name ?", "文書"])
async def test_any_name_is_only_a_name(catalog: Catalog, name: str) -> None:
    made = await make_collection(catalog, name)

    assert await collections.all_collections(catalog) == [made]


async def test_a_summary_counts_what_is_live(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await make_collection(catalog, "empty")
    await publish_texts(catalog, collection, a="one two\n\nthree", b="four")
    await publish_texts(catalog, collection, b="five six")
    await stage_texts(catalog, collection, c="unseen")

    full, empty = await collections.list_collections(catalog)

    assert (full.name, full.documents, full.chunks, full.tokens) == ("default", 2, 3, 5)
    assert (empty.name, empty.documents, empty.chunks, empty.tokens) == ("empty", 0, 0, 0)
    assert full.created_at.tzinfo is not None


async def test_the_vector_index_is_switched_when_nothing_changed(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await collections.count_removed(catalog, collection, 7)

    switched = await collections.switch_vector_index(
        catalog, collection, to="rag-new", at_seq=collection.seq
    )

    now = await collections.get_collection(catalog, "default")
    assert switched
    assert (now.vector_index, now.removed_vectors) == ("rag-new", 0)


@pytest.mark.parametrize("change", ["publish", "remove", "discard"])
async def test_no_switch_after_a_change_since_the_copy(catalog: Catalog, change: str) -> None:
    collection = await make_collection(catalog)
    (live,) = await publish_texts(catalog, collection, a="one")
    (staged,) = await stage_texts(catalog, collection, b="two")
    collection = await collections.get_collection(catalog, "default")

    if change == "publish":
        await documents.publish_documents(catalog, collection, [staged])
    else:
        gone = [live if change == "remove" else staged]
        await documents.remove_documents(catalog, collection, gone)

    assert not await collections.switch_vector_index(
        catalog, collection, to="rag-new", at_seq=collection.seq
    )


async def test_no_switch_after_another_switch(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await collections.switch_vector_index(catalog, collection, to="rag-first", at_seq=0)

    switched = await collections.switch_vector_index(catalog, collection, to="rag-second", at_seq=0)

    assert not switched
    assert (await collections.get_collection(catalog, "default")).vector_index == "rag-first"


async def test_what_is_staged_while_an_index_is_copied_is_never_lost(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    copied = [ids async for ids, _ in chunks.live_vectors(catalog, collection)]
    (late,) = await stage_texts(catalog, collection, late="staged after the copy")

    await collections.switch_vector_index(catalog, collection, to="rag-new", at_seq=0)

    assert copied == []
    with pytest.raises(StaleVectorIndexError, match="rag-new"):
        await documents.publish_documents(catalog, collection, [late])
    assert await documents.staged_ids(catalog, collection) == [late]


async def test_removed_vectors_of_an_index_that_was_left_do_not_count(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await collections.switch_vector_index(catalog, collection, to="rag-new", at_seq=0)

    await collections.count_removed(catalog, collection, 100)

    assert (await collections.get_collection(catalog, "default")).removed_vectors == 0


def test_each_new_vector_index_has_a_name_that_chroma_takes() -> None:
    names = {collections.new_vector_index() for _ in range(100)}

    assert len(names) == 100
    assert all(name.replace("-", "").isalnum() and 3 <= len(name) <= 63 for name in names)
