from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.catalog import collections, documents, quarantine, versions
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.renames import Rename, rename_documents
from rag_core.documents import Splitting, new_document_id
from rag_core.errors import FingerprintMismatchError, ReindexedError
from tests.rag_core.catalog_support import make_collection, make_document, publish_texts

ONE = Collection(1, "a", "f", 3, "v", 0, 0, 256, 0, "structure", ())
IDS = st.lists(st.integers(1, 1 << 31), min_size=2, max_size=2, unique=True)


async def make_next(catalog: Catalog, fingerprint: str = "other") -> Collection:
    return await collections.ensure_collection(
        catalog,
        collections.version_name("default", "next"),
        fingerprint=fingerprint,
        dimension=64,
        splitting=Splitting(64, 8, "pages"),
    )


async def switch(catalog: Catalog, current: Collection, target: Collection) -> bool:
    return await versions.switch_version(catalog, current, target, at_seq=current.seq)


@given(IDS)
def test_the_twin_of_a_twin_is_the_document_itself(ids: list[int]) -> None:
    here, there = (replace(ONE, id=one) for one in ids)
    made = [new_document_id() for _ in range(5)]

    twins = versions.twin_ids(made, here, there)

    assert versions.twin_ids(twins, there, here) == made
    assert len(set(twins + made)) == 10
    assert [one[:12] for one in twins] == [one[:12] for one in made]


def test_what_is_no_id_has_no_twin() -> None:
    names = ["", "never-there", "é" * 24, "0123456789ABCDEF01234567"]

    assert versions.twin_ids(names, ONE, replace(ONE, id=2)) == names


async def test_a_switch_gives_the_name_to_the_other_version(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)

    assert await switch(catalog, current, target)

    now = await collections.get_collection(catalog, "default")
    previous = await versions.find_version(catalog, "default", "previous")
    assert (now.id, now.splitting) == (target.id, Splitting(64, 8, "pages"))
    assert previous is not None
    assert previous.id == current.id
    assert await collections.all_collections(catalog) == [now]


async def test_files_in_quarantine_stay_with_the_name(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    failed = quarantine.FailedFile("/a.pdf", b"x" * 32, 1, "SomeError", "why", "1", None)
    await quarantine.remember_failure(catalog, current, failed)

    await switch(catalog, current, target)

    now = await collections.get_collection(catalog, "default")
    (kept,) = await quarantine.list_quarantined(catalog, now)
    assert kept.file == failed


async def test_documents_that_were_renamed_meanwhile_have_their_new_names(
    catalog: Catalog,
) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    made = [make_document("a", "one"), make_document("b", "two")]
    ids = [one.id for one in made]
    twins = versions.twin_ids(ids, current, target)
    copies = [replace(one, id=twin) for one, twin in zip(made, twins, strict=True)]
    for version, staged in ((current, made), (target, copies)):
        await documents.stage_documents(catalog, version, staged)
        await documents.publish_documents(catalog, version, [one.id for one in staged])
    swap = [Rename(ids[0], "a", "b", reread=False), Rename(ids[1], "b", "a", reread=False)]
    await rename_documents(catalog, current, swap)

    await switch(catalog, await collections.get_collection(catalog, "default"), target)

    now = await collections.get_collection(catalog, "default")
    live = await documents.find_live(catalog, now, ["a", "b"])
    assert [live["a"].id, live["b"].id] == twins[::-1]


async def test_no_switch_after_a_change_since_the_copy(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    await publish_texts(catalog, current, a="one")

    assert not await switch(catalog, current, target)

    assert (await collections.get_collection(catalog, "default")).id == current.id


async def test_a_version_that_was_left_is_not_switched_from(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    await switch(catalog, current, target)
    third = await make_next(catalog, "third")

    with pytest.raises(ReindexedError, match="'default' was reindexed"):
        await switch(catalog, current, third)


async def test_only_one_previous_version_is_kept(catalog: Catalog) -> None:
    first, second = await make_collection(catalog), await make_next(catalog)
    await switch(catalog, first, second)
    third = await make_next(catalog, "third")
    await switch(catalog, await collections.get_collection(catalog, "default"), third)

    (dropped,) = await versions.find_dropped(catalog)
    await versions.delete_version(catalog, dropped)

    assert dropped.id == first.id
    every = await collections.all_collections(catalog, hidden=True)
    assert {one.id for one in every} == {second.id, third.id}


async def test_a_version_in_use_is_not_deleted(catalog: Catalog) -> None:
    current = await make_collection(catalog)
    stale = replace(current, name=collections.version_name("default", "dropped"))

    await versions.delete_version(catalog, stale)

    assert await collections.get_collection(catalog, "default") == current


async def test_a_model_reads_the_version_that_it_made(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    await switch(catalog, current, target)

    async def read_by(model: str) -> int:
        found = await collections.get_readable(catalog, "default", fingerprint=model)
        return found.id

    assert await read_by(current.fingerprint) == current.id
    assert await read_by("other") == target.id
    with pytest.raises(FingerprintMismatchError, match="'other', the settings now say 'third'"):
        await read_by("third")


async def test_names_of_versions_are_told_to_nobody(catalog: Catalog) -> None:
    current, target = await make_collection(catalog), await make_next(catalog)
    (live,) = await publish_texts(catalog, current, a="one")
    current = await collections.get_collection(catalog, "default")
    await switch(catalog, current, target)

    summary, _, _ = await documents.get_document(catalog, live)

    assert summary.collection == "default"
    assert [one.name for one in await collections.list_collections(catalog)] == ["default"]
