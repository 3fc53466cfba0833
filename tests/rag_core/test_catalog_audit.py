from __future__ import annotations

import numpy as np

from rag_core.catalog import documents
from rag_core.catalog.audit import is_whole, stored_documents, stored_vectors
from rag_core.catalog.engine import Catalog
from rag_core.catalog.unseen import hidden_ids
from rag_core.documents import hash_text
from tests.rag_core.catalog_support import (
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)


async def test_live_documents_come_with_all_that_is_stored(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("a.pdf", "One page. ", "Another.", metadata={"year": "2026"})
    await documents.stage_documents(catalog, collection, [made])
    await documents.publish_documents(catalog, collection, [made.id])
    await stage_texts(catalog, collection, b="staged")

    ((stored,),) = [batch async for batch in stored_documents(catalog, collection)]

    assert (stored.id, stored.source, stored.title) == (made.id, "a.pdf", "A title")
    assert (stored.text, stored.page_starts) == ("One page. Another.", (0, 10))
    assert (stored.metadata, stored.content_hash) == ({"year": "2026"}, made.content_hash)
    assert (stored.chunk_count, stored.token_count) == (2, 2)
    assert [(one.start, one.end, one.page) for one in stored.chunks] == [(0, 10, 1), (10, 18, 2)]
    assert [one.heading_path for one in stored.chunks] == [("Part", "1"), ("Part", "2")]


async def test_documents_come_in_batches_of_bounded_size(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    large = [make_document(f"{number}", *["word "] * 900) for number in range(5)]
    await documents.stage_documents(catalog, collection, large)
    await documents.publish_documents(catalog, collection, [one.id for one in large])

    sizes = [len(batch) async for batch in stored_documents(catalog, collection)]

    assert sizes == [2, 2, 1]


async def test_vectors_come_as_they_are_stored(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one")

    wanted = [hash_text("one"), hash_text("two")]
    (found,) = [part async for part in stored_vectors(catalog, collection, wanted)]

    assert list(found) == [hash_text("one")]
    assert is_whole(found[hash_text("one")], collection.dimension)


def test_a_vector_of_another_length_or_without_numbers_is_not_whole() -> None:
    assert is_whole(np.ones(3, "<f4").tobytes(), 3)
    assert not is_whole(np.ones(2, "<f4").tobytes(), 3)
    assert not is_whole(np.array([1, 2, np.nan], "<f4").tobytes(), 3)


async def test_a_snapshot_does_not_see_what_is_written_meanwhile(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one")

    async with catalog.snapshot() as before:
        assert await hidden_ids(before, collection) == []
        await publish_texts(catalog, collection, a="two")
        ((seen,),) = [batch async for batch in stored_documents(before, collection)]

    ((now,),) = [batch async for batch in stored_documents(catalog, collection)]
    assert (seen.text, now.text) == ("one", "two")
