from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from rag_core.catalog import quarantine
from rag_core.catalog.engine import Catalog
from rag_core.catalog.quarantine import FailedFile
from rag_core.documents import hash_text
from tests.rag_core.catalog_support import make_collection

BOMB = FailedFile(
    source="/docs/bomb.zip",
    content_hash=hash_text("bomb"),
    size_bytes=4,
    error="OversizedDocumentError",
    detail="parsing takes more than 60 s",
    program="1.0",
    metadata={"team": "a"},
)


async def test_a_failed_file_is_remembered_with_its_reason(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    await quarantine.remember_failure(catalog, collection, BOMB)

    (found,) = await quarantine.list_quarantined(catalog, collection)
    assert found.file == BOMB
    assert (found.failures, found.first_failed_at) == (1, found.last_failed_at)


async def test_the_same_bytes_that_fail_again_are_counted(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await quarantine.remember_failure(catalog, collection, BOMB)

    await quarantine.remember_failure(catalog, collection, replace(BOMB, program="2.0"))

    (found,) = await quarantine.list_quarantined(catalog, collection)
    assert (found.failures, found.file.program) == (2, "2.0")
    assert found.first_failed_at < found.last_failed_at


async def test_other_bytes_of_the_same_source_begin_anew(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await quarantine.remember_failure(catalog, collection, BOMB)
    changed = replace(BOMB, content_hash=hash_text("other"), metadata=None)

    await quarantine.remember_failure(catalog, collection, changed)

    (found,) = await quarantine.list_quarantined(catalog, collection)
    assert (found.failures, found.file.metadata) == (1, None)
    assert found.file.content_hash == hash_text("other")
    assert found.first_failed_at == found.last_failed_at


async def test_what_a_file_is_to_have_can_be_changed(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await quarantine.remember_failure(catalog, collection, BOMB)

    await quarantine.give_metadata(catalog, collection, BOMB.source, {"team": "b"})

    (found,) = await quarantine.list_quarantined(catalog, collection)
    assert found.file == replace(BOMB, metadata={"team": "b"})


async def test_each_collection_has_a_quarantine_of_its_own(catalog: Catalog) -> None:
    one, two = await make_collection(catalog, "one"), await make_collection(catalog, "two")

    await quarantine.remember_failure(catalog, one, BOMB)

    assert await quarantine.list_quarantined(catalog, two) == []
    assert await quarantine.forget_failures(catalog, two, [BOMB.source]) == 0


async def test_what_is_forgotten_is_gone_and_the_rest_stays(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    for name in ("a", "c", "b"):
        await quarantine.remember_failure(catalog, collection, replace(BOMB, source=name))

    assert await quarantine.forget_failures(catalog, collection, ["b", "none"]) == 1

    left = await quarantine.list_quarantined(catalog, collection)
    assert [one.file.source for one in left] == ["a", "c"]


async def test_a_reason_that_no_database_takes_is_stored_all_the_same(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    await quarantine.remember_failure(catalog, collection, replace(BOMB, detail="a\0b\udcff"))

    (found,) = await quarantine.list_quarantined(catalog, collection)
    assert found.file.detail == "a\ufffdb\ufffd"


async def test_the_quarantine_goes_with_its_collection(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await quarantine.remember_failure(catalog, collection, BOMB)

    async with catalog.writing() as connection:
        await connection.execute(text("DELETE FROM collections"))

    assert await quarantine.list_quarantined(catalog, collection) == []
