from __future__ import annotations

import asyncio

from rag_core.catalog import changes, documents
from rag_core.catalog.changes import Change
from rag_core.catalog.engine import Catalog, open_catalog
from tests.rag_core.catalog_support import (
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)


async def test_the_feed_tells_each_change_in_order(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old")
    (new,) = await publish_texts(catalog, collection, a="new")
    await documents.remove_documents(catalog, collection, [new])

    feed = await changes.read_changes(catalog, collection.id, after=0, limit=99)

    assert feed == [
        Change(1, old, "live"),
        Change(2, old, "dead"),
        Change(3, new, "live"),
        Change(4, new, "dead"),
    ]


async def test_the_feed_is_read_in_parts(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one", b="two", c="three")

    part = await changes.read_changes(catalog, collection.id, after=1, limit=1)

    assert [change.seq for change in part] == [2]
    assert await changes.read_changes(catalog, collection.id, after=3, limit=9) == []


async def test_each_collection_has_a_feed_of_its_own(catalog: Catalog) -> None:
    one, other = await make_collection(catalog, "one"), await make_collection(catalog, "other")
    await publish_texts(catalog, one, a="one", b="two")
    (theirs,) = await publish_texts(catalog, other, a="theirs")

    feed = await changes.read_changes(catalog, other.id, after=0, limit=9)

    assert feed == [Change(1, theirs, "live")]


async def test_staging_is_no_change(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    await stage_texts(catalog, collection, a="one")

    assert await changes.read_changes(catalog, collection.id, after=0, limit=9) == []


async def test_a_staged_document_that_is_removed_is_told_as_dead(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (staged,) = await stage_texts(catalog, collection, a="one")

    await documents.remove_documents(catalog, collection, [staged])

    feed = await changes.read_changes(catalog, collection.id, after=0, limit=9)
    assert feed == [Change(1, staged, "dead")]


async def test_the_feed_outlives_what_it_tells_of(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="one")
    await documents.remove_documents(catalog, collection, ids)

    await documents.delete_dead(catalog, ids)

    assert len(await changes.read_changes(catalog, collection.id, after=0, limit=9)) == 2
    assert [batch async for batch in changes.document_chunks(catalog, ids)] == [[]]


async def test_a_follower_never_misses_a_number_that_appears_late(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as writer, open_catalog(catalog_url) as reader:
        collection = await make_collection(writer)
        staged = [(await stage_texts(writer, collection, **{f"{n}": "x"}))[0] for n in range(20)]
        publishing = asyncio.gather(
            *(documents.publish_documents(writer, collection, [one]) for one in staged)
        )
        seen: list[Change] = []

        while len(seen) < 20:
            after = seen[-1].seq if seen else 0
            seen += await changes.read_changes(reader, collection.id, after=after, limit=99)
        await publishing

    assert [change.seq for change in seen] == list(range(1, 21))
    assert {change.document_id for change in seen} == set(staged)


async def test_the_texts_of_live_documents_are_read_in_batches(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = [make_document(f"/{n}", "one ", "two") for n in range(3)]
    await documents.stage_documents(catalog, collection, made)
    await documents.publish_documents(catalog, collection, [one.id for one in made[:2]])
    wanted = [one.id for one in made]

    batches = [batch async for batch in changes.document_chunks(catalog, wanted, batch=1)]

    assert [len(batch) for batch in batches] == [2, 2, 0]
    assert batches[0][0] == changes.ChunkText(
        made[0].id, f"{made[0].id}-0", "A title", ("Part", "1"), "one ", ""
    )


async def test_what_is_live_is_read_with_the_newest_change(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    _, other = await publish_texts(catalog, collection, a="old", b="other")
    (new,) = await publish_texts(catalog, collection, a="new")
    await stage_texts(catalog, collection, c="staged")

    last, live = await changes.read_live(catalog, collection.id)

    assert last == Change(4, new, "live")
    assert sorted(live) == sorted([other, new])


async def test_nothing_is_live_before_the_first_change(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    assert await changes.read_live(catalog, collection.id) == (None, [])
    assert await changes.read_live(catalog, 99) == (None, [])


async def test_pruning_keeps_the_newest_changes(catalog: Catalog) -> None:
    await publish_texts(catalog, await make_collection(catalog), a="one", b="two", c="three")
    collection = await make_collection(catalog)

    assert await changes.prune_changes(catalog, collection, keep=2) == 1
    assert await changes.prune_changes(catalog, collection, keep=0) == 1
    feed = await changes.read_changes(catalog, collection.id, after=0, limit=9)
    assert [change.seq for change in feed] == [3]
