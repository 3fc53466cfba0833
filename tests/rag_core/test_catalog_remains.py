from __future__ import annotations

from rag_core.catalog import documents, remains, vectors
from rag_core.catalog.engine import Catalog
from rag_core.documents import hash_text
from tests.rag_core.catalog_support import (
    EMBEDDER,
    make_collection,
    publish_texts,
)

MODEL = EMBEDDER.fingerprint


async def test_traces_name_the_chunks_and_vectors_of_documents_in_any_state(
    catalog: Catalog,
) -> None:
    collection = await make_collection(catalog)
    a, b, _ = await publish_texts(catalog, collection, a="one\n\ntwo", b="three", c="four")
    await documents.remove_documents(catalog, collection, [b])

    traces = await remains.find_traces(catalog, [a, b, "none"])

    assert traces.chunks == {a: 2, b: 1}
    assert traces.hashes == {hash_text(text) for text in ("one", "two", "three")}


async def test_a_document_remains_until_it_is_deleted(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    a, b = await publish_texts(catalog, collection, a="one", b="two")
    await documents.remove_documents(catalog, collection, [a])

    assert await remains.find_remains(catalog, [a, b]) == {a, b}
    assert await remains.find_still_live(catalog, [a, b]) == {b}
    await documents.delete_dead(catalog, [a])
    assert await remains.find_remains(catalog, [a, b]) == {b}


async def test_only_vectors_that_no_document_uses_are_deleted(catalog: Catalog) -> None:
    first, second = await make_collection(catalog), await make_collection(catalog, "second")
    ids = await publish_texts(catalog, first, a="one\n\ntwo", b="three")
    await publish_texts(catalog, second, a="two")
    traces = await remains.find_traces(catalog, ids[:1])
    await documents.remove_documents(catalog, first, ids)
    await documents.delete_dead(catalog, ids)

    deleted = await remains.delete_unused_among(catalog, MODEL, traces.hashes)

    assert deleted == {hash_text("one")}
    left = await vectors.has_vectors(catalog, MODEL, [hash_text("two"), hash_text("three")])
    assert len(left) == 2


async def test_without_hashes_nothing_is_deleted(catalog: Catalog) -> None:
    assert await remains.delete_unused_among(catalog, MODEL, set()) == set()
