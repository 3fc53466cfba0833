from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from rag_core.catalog import changes, chunks, collections, documents
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.errors import (
    CatalogUnavailableError,
    CollectionNotFoundError,
    DocumentNotFoundError,
    StaleVectorIndexError,
)
from tests.rag_core.catalog_support import (
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)


async def test_nobody_sees_what_is_staged(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    (staged,) = await stage_texts(catalog, collection, a="one")

    assert await documents.list_documents(catalog, collection, limit=9) == []
    assert await documents.find_live(catalog, collection, ["a"]) == {}
    assert (await chunks.find_vectors(catalog, collection, [f"{staged}-0"]))[0] == []
    assert await chunks.load_passage_rows(catalog, [f"{staged}-0"]) == []
    assert await documents.staged_ids(catalog, collection) == [staged]


async def test_a_published_document_comes_back_as_it_was(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("/a.pdf", "one", "two", metadata={"year": "1999", "ü": "\u2028"})

    made = replace(made, document=replace(made.document, language="de"))

    await documents.stage_documents(catalog, collection, [made])
    await documents.publish_documents(catalog, collection, [made.id])

    summary, text, page_starts = await documents.get_document(catalog, made.id)
    assert (text, page_starts) == (made.document.text, made.document.page_starts)
    assert (summary.id, summary.collection, summary.source) == (made.id, "default", "/a.pdf")
    assert summary.language == "de"
    assert (summary.title, summary.media_type) == (made.document.title, "application/pdf")
    assert (summary.chunks, summary.tokens, summary.size_bytes) == (2, 2, made.size_bytes)
    assert (summary.metadata, summary.content_hash) == (made.metadata, made.content_hash)
    assert summary.created_at.utcoffset() is not None


async def test_a_new_version_takes_the_place_of_the_old_one(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old")
    (new,) = await stage_texts(catalog, collection, a="new")

    published = await documents.publish_documents(catalog, collection, [new])

    assert published == documents.PublishedDocuments(published=(new,), replaced=(old,))
    assert [one.id for one in await documents.list_documents(catalog, collection, limit=9)] == [new]
    assert await documents.dead_ids(catalog, collection) == [old]
    with pytest.raises(DocumentNotFoundError):
        await documents.get_document(catalog, old)


async def test_publishing_again_changes_nothing(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="one", b="two")

    again = await documents.publish_documents(catalog, collection, [*ids, "never-there"])

    assert again == documents.PublishedDocuments((), ())
    assert (await collections.get_collection(catalog, "default")).seq == 2


async def test_of_two_versions_published_together_the_later_wins(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (first,) = await stage_texts(catalog, collection, a="first")
    (second,) = await stage_texts(catalog, collection, a="second")

    published = await documents.publish_documents(catalog, collection, [second, first])

    assert published == documents.PublishedDocuments(published=(first,), replaced=(second,))


async def test_concurrent_publishers_of_one_source_leave_one_live(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as one, open_catalog(catalog_url) as other:
        collection = await make_collection(one)
        staged = [(await stage_texts(one, collection, a=f"version {n}"))[0] for n in range(12)]

        await asyncio.gather(
            *(
                documents.publish_documents(catalog, collection, [document_id])
                for catalog, document_id in zip([one, other] * 6, staged, strict=True)
            )
        )

        feed = await changes.read_changes(one, collection.id, after=0, limit=99)
        live = (await documents.find_live(other, collection, ["a"]))["a"]
        assert len(await documents.dead_ids(one, collection)) == 11
        assert [change.seq for change in feed] == list(range(1, 24))
        assert (feed[-1].document_id, feed[-1].kind) == (live.id, "live")


async def test_publishing_to_an_index_that_was_left_changes_nothing(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old")
    (new,) = await stage_texts(catalog, collection, a="new")
    await collections.switch_vector_index(catalog, collection, to="rag-new", at_seq=1)

    with pytest.raises(StaleVectorIndexError):
        await documents.publish_documents(catalog, collection, [new])

    assert (await documents.find_live(catalog, collection, ["a"]))["a"].id == old
    assert await documents.staged_ids(catalog, collection) == [new]


async def test_removing_hides_live_and_staged_documents(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="one", b="two")
    ids += await stage_texts(catalog, collection, c="three")

    removed = await documents.remove_documents(catalog, collection, [*ids[1:], "never-there"])

    assert removed == 2
    assert await documents.dead_ids(catalog, collection) == ids[1:]
    assert await documents.remove_documents(catalog, collection, ids[1:]) == 0


async def test_another_collection_is_left_alone(catalog: Catalog) -> None:
    one, other = await make_collection(catalog, "one"), await make_collection(catalog, "other")
    (mine,) = await publish_texts(catalog, one, a="mine")
    (theirs,) = await publish_texts(catalog, other, a="theirs")

    removed = await documents.remove_documents(catalog, one, [mine, theirs])

    assert removed == 1
    assert (await documents.find_live(catalog, other, ["a"]))["a"].id == theirs
    assert await documents.dead_ids(catalog, other) == []


async def test_only_the_dead_are_deleted_and_nothing_is_left_of_them(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    live, dead = await publish_texts(catalog, collection, a="one", b="two")
    await documents.remove_documents(catalog, collection, [dead])

    await documents.delete_dead(catalog, [live, dead])

    assert await documents.dead_ids(catalog, collection) == []
    assert await chunks.chunk_ids(catalog, [live, dead]) == [f"{live}-0"]
    assert (await documents.get_document(catalog, live))[1] == "one"


async def test_any_number_of_sources_is_looked_up(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, **{"/x/7": "seven", "/x/39999": "last"})

    found = await documents.find_live(catalog, collection, [f"/x/{n}" for n in range(40_000)])

    assert set(found) == {"/x/7", "/x/39999"}


async def test_documents_are_paged_by_code_points(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    sources = ["/B", "/a", "/a b", "/a-b", "/z", "/é", "/文"]
    await publish_texts(catalog, collection, **dict.fromkeys(reversed(sources), "text"))

    listed: list[str] = []
    while page := await documents.list_documents(
        catalog, collection, limit=3, after=listed[-1] if listed else None
    ):
        listed += [document.source for document in page]

    assert listed == sources


async def test_characters_that_no_database_stores_keep_their_places(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    source = "/surrogate\udcff"

    (made,) = await publish_texts(catalog, collection, **{source: "a\0b\ud800c"})

    _, text, _ = await documents.get_document(catalog, made)
    assert text == "a\ufffdb\ufffdc"
    assert list(await documents.find_live(catalog, collection, [source])) == [source]
    with pytest.raises(DocumentNotFoundError):
        await documents.get_document(catalog, "\0\udcff")


async def test_staging_is_all_or_nothing(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    good, twice = make_document("/a", "one"), make_document("/b", "two")

    with pytest.raises(CatalogUnavailableError):
        await documents.stage_documents(catalog, collection, [good, twice, twice])

    assert await documents.staged_ids(catalog, collection) == []


async def test_publishing_into_a_collection_that_is_gone_is_refused(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    gone = replace(collection, id=99, name="gone")

    with pytest.raises(CollectionNotFoundError, match="gone"):
        await documents.publish_documents(catalog, gone, ["any"])


async def test_a_long_document_is_stored_whole(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("/long", *(f"part {n}" for n in range(2_500)))

    await documents.stage_documents(catalog, collection, [made])

    assert len(await chunks.chunk_ids(catalog, [made.id])) == 2_500
