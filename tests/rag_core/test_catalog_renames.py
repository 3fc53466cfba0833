from __future__ import annotations

from rag_core.catalog import chunks, collections, documents, renames
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.renames import UNREAD, Rename
from tests.rag_core.catalog_support import make_collection, publish_texts


async def sources(catalog: Catalog, collection: Collection) -> dict[str, str]:
    live = await documents.list_documents(catalog, collection, limit=100)
    return {one.source: one.id for one in live}


async def test_a_renamed_document_keeps_its_id_and_its_chunks(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (a,) = await publish_texts(catalog, collection, a="one")

    renamed = await renames.rename_documents(
        catalog, collection, [Rename(a, "a", "b", reread=False)]
    )

    assert [one.to for one in renamed.done] == ["b"]
    assert await sources(catalog, collection) == {"b": a}
    (passage,) = await chunks.load_passage_rows(catalog, [f"{a}-0"])
    assert (passage.source, passage.text) == ("b", "one")


async def test_two_documents_swap_their_sources(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    a, b = await publish_texts(catalog, collection, a="one", b="two")
    swap = [Rename(a, "a", "b", reread=False), Rename(b, "b", "a", reread=False)]

    await renames.rename_documents(catalog, collection, swap)

    assert await sources(catalog, collection) == {"a": b, "b": a}
    assert (await collections.get_collection(catalog, collection.name)).seq == collection.seq + 2


async def test_what_had_the_source_dies_in_the_same_moment(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    a, b = await publish_texts(catalog, collection, a="one", b="two")

    renamed = await renames.rename_documents(
        catalog, collection, [Rename(a, "a", "b", reread=False)]
    )

    assert renamed.replaced == (b,)
    assert await sources(catalog, collection) == {"b": a}
    assert await documents.dead_ids(catalog, collection) == [b]


async def test_a_document_that_is_to_be_read_again_equals_no_file(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (a,) = await publish_texts(catalog, collection, a="one")

    await renames.rename_documents(catalog, collection, [Rename(a, "a", "b", reread=True)])

    (document,) = await documents.list_documents(catalog, collection, limit=9)
    assert document.content_hash == UNREAD


async def test_a_document_that_was_replaced_meanwhile_is_left_alone(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="one")
    (new,) = await publish_texts(catalog, collection, a="two")
    (other,) = await publish_texts(catalog, collection, c="three")
    wrong = [Rename(old, "a", "b", reread=False), Rename(other, "x", "y", reread=False)]

    assert (await renames.rename_documents(catalog, collection, wrong)).done == ()
    assert await sources(catalog, collection) == {"a": new, "c": other}


async def test_documents_of_other_collections_stay(catalog: Catalog) -> None:
    first, second = await make_collection(catalog), await make_collection(catalog, "second")
    (a,) = await publish_texts(catalog, first, a="one")
    (b,) = await publish_texts(catalog, second, b="two")

    await renames.rename_documents(catalog, first, [Rename(a, "a", "b", reread=False)])

    assert await sources(catalog, second) == {"b": b}
