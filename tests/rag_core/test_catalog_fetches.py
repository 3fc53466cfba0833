from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from rag_core.catalog.engine import Catalog
from rag_core.catalog.fetches import Fetch, find_fetches, prune_fetches, save_fetch
from tests.rag_core.catalog_support import make_collection, publish_texts

PAGE = Fetch(
    source="http://h/a",
    url="http://h/a/",
    etag='W/"one"',
    last_modified=None,
    listed="2026-11-25",
    content_hash=b"\x00\xff",
    size_bytes=1 << 40,
    links=("http://h/b", "http://h/ü"),
    fetched_at=datetime(2026, 11, 25, 21, 0, tzinfo=UTC),
)


async def test_a_fetch_is_found_as_it_was_saved(catalog: Catalog) -> None:
    await save_fetch(catalog, PAGE)

    assert await find_fetches(catalog, ["http://h/a", "http://h/z"]) == {PAGE.source: PAGE}


async def test_a_later_fetch_takes_the_place_of_the_one_before(catalog: Catalog) -> None:
    later = replace(PAGE, etag=None, last_modified="today", listed=None, links=())
    await save_fetch(catalog, PAGE)
    await save_fetch(catalog, later)

    assert await find_fetches(catalog, [PAGE.source]) == {PAGE.source: later}


async def test_fetches_of_live_documents_are_kept_and_others_forgotten(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="live")
    await save_fetch(catalog, replace(PAGE, source="a"))
    await save_fetch(catalog, PAGE)

    assert await prune_fetches(catalog) == 1
    assert list(await find_fetches(catalog, ["a", PAGE.source])) == ["a"]
