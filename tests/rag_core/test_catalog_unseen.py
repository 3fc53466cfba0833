from __future__ import annotations

from datetime import timedelta

from rag_core.catalog import documents
from rag_core.catalog.engine import Catalog
from rag_core.catalog.unseen import (
    give_up,
    give_up_abandoned,
    hidden_chunks,
    hidden_ids,
    sources_in,
)
from tests.rag_core.catalog_support import (
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)

STATE = "import:1"


async def test_hidden_documents_are_all_that_are_not_live(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old")
    await publish_texts(catalog, collection, a="new")
    (staged,) = await stage_texts(catalog, collection, b="staged")

    assert sorted(await hidden_ids(catalog, collection)) == sorted([old, staged])
    chunks = [ids async for ids in hidden_chunks(catalog, collection)]
    assert sorted(chunks[0]) == sorted([f"{old}-0", f"{staged}-0"])


async def test_a_state_of_its_own_is_published_by_nobody_else(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("a.pdf", "One.")
    await documents.stage_documents(catalog, collection, [made], state=STATE)

    assert await documents.staged_ids(catalog, collection) == []
    assert (await documents.publish_documents(catalog, collection, [made.id])).published == ()
    assert await sources_in(catalog, collection, STATE) == {"a.pdf": made.id}

    published = await documents.publish_documents(catalog, collection, [made.id], state=STATE)
    assert published.published == (made.id,)


async def test_what_is_given_up_is_dead_and_swept(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("a.pdf", "One.")
    await documents.stage_documents(catalog, collection, [made], state=STATE)

    assert await give_up(catalog, collection, "import:2") == 0
    assert await give_up(catalog, collection, STATE) == 1
    assert await documents.dead_ids(catalog, collection) == [made.id]


async def test_only_imports_of_long_ago_are_abandoned(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await stage_texts(catalog, collection, b="staged")
    made = make_document("a.pdf", "One.")
    await documents.stage_documents(catalog, collection, [made], state=STATE)

    assert await give_up_abandoned(catalog, collection, timedelta(minutes=1)) == 0
    assert await give_up_abandoned(catalog, collection, timedelta(0)) == 1
