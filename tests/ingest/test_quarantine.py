from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.pipeline import Order, ingest_plan
from ingest.plan import plan_paths
from ingest.quarantine import Quarantine, Terms, open_quarantine
from ingest.report import Report
from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.quarantine import Quarantined, list_quarantined
from rag_core.documents import Splitting
from rag_core.errors import EmptyDocumentError, UnavailableDocumentError
from rag_core.index import Index

TERMS = Terms("estimate", Splitting(64))


async def ingest(
    index: Index,
    *paths: Path,
    metadata: Mapping[str, str] | None = None,
    passwords: Sequence[str] = (),
    again: bool = False,
) -> Report:
    return await ingest_plan(
        index,
        plan_paths(paths),
        Order("notes", metadata, passwords, again=again),
        progress=lambda _: None,
        stop=asyncio.Event(),
    )


async def held(index: Index) -> list[Quarantined]:
    stored = await collections.get_collection(index.catalog, "notes")
    return await list_quarantined(index.catalog, stored)


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.md"
    path.write_text(" \n")
    return path


@pytest.fixture
async def collection(index: Index) -> Collection:
    return await collections.ensure_collection(
        index.catalog, "notes", fingerprint=index.embedder.fingerprint, dimension=64
    )


@pytest.fixture
async def quarantine(index: Index, collection: Collection) -> AsyncIterator[Quarantine]:
    async with open_quarantine(index.catalog, collection, TERMS) as opened:
        yield opened


async def test_the_same_bytes_are_not_parsed_again_and_still_count_as_failed(
    index: Index, bad: Path
) -> None:
    first = await ingest(index, bad)

    second = await ingest(index, bad)

    assert [(one.source, one.error) for one in first.failed] == [(str(bad), "EmptyDocumentError")]
    (item,) = second.quarantined
    assert (item.source, item.detail, item.failures) == (str(bad), first.failed[0].detail, 1)
    assert (second.failed, second.exit_code, second.exit_code_of_tried) == ((), 1, 0)


async def test_changed_bytes_are_tried_again_and_success_ends_the_quarantine(
    index: Index, bad: Path
) -> None:
    await ingest(index, bad)
    write(bad, "# Better\n")

    report = await ingest(index, bad)

    assert (report.added, report.exit_code) == (1, 0)
    assert await held(index) == []


async def test_a_change_that_keeps_the_size_is_seen(index: Index, bad: Path) -> None:
    await ingest(index, bad)
    write(bad, "\t\n")

    report = await ingest(index, bad)

    assert len(report.failed) == 1
    assert [one.failures for one in await held(index)] == [1]


async def test_a_retry_tries_the_same_bytes_again_and_counts_them(index: Index, bad: Path) -> None:
    await ingest(index, bad)

    report = await ingest(index, bad, again=True)

    assert len(report.failed) == 1
    assert [one.failures for one in await held(index)] == [2]


async def test_a_retry_gives_the_metadata_that_the_file_was_to_have(
    index: Index, bad: Path, collection: Collection
) -> None:
    await ingest(index, bad, metadata={"team": "a"})
    write(bad, "# Better\n")

    await ingest(index, bad)

    (document,) = await documents.list_documents(index.catalog, collection, limit=9)
    assert document.metadata == {"team": "a"}


async def test_the_metadata_that_was_given_last_counts(
    index: Index, bad: Path, collection: Collection
) -> None:
    await ingest(index, bad, metadata={"team": "a"})
    assert len((await ingest(index, bad, metadata={"team": "b"})).quarantined) == 1
    write(bad, "# Better\n")

    await ingest(index, bad)

    (document,) = await documents.list_documents(index.catalog, collection, limit=9)
    assert document.metadata == {"team": "b"}


async def test_a_file_that_is_put_back_as_it_was_leaves_the_quarantine(
    index: Index, bad: Path
) -> None:
    write(bad, "# Good\n")
    await ingest(index, bad)
    write(bad, " \n")
    await ingest(index, bad)
    write(bad, "# Good\n")

    assert (await ingest(index, bad)).unchanged == 1
    assert await held(index) == []


async def test_a_file_that_cannot_be_read_now_is_not_in_quarantine(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableDocumentError):
        await quarantine.parse(tmp_path / "gone.md", source="gone")

    assert await list_quarantined(quarantine.catalog, quarantine.collection) == []


async def test_a_file_that_is_written_to_meanwhile_is_not_in_quarantine(
    quarantine: Quarantine, bad: Path
) -> None:
    parsing = asyncio.create_task(quarantine.parse(bad, source="bad"))
    while not quarantine.sandbox.waiting.taken:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    os.utime(bad, (0, 0))

    with pytest.raises(EmptyDocumentError):
        await parsing
    assert await list_quarantined(quarantine.catalog, quarantine.collection) == []


async def test_another_program_tries_once_what_this_one_could_not(
    quarantine: Quarantine, bad: Path, collection: Collection
) -> None:
    with pytest.raises(EmptyDocumentError):
        await quarantine.parse(bad, source="bad")
    known = {"bad": (await list_quarantined(quarantine.catalog, collection))[0]}
    same = replace(quarantine, held=known)
    newer = replace(quarantine, held=known, program="2.0")

    assert await same.find("bad", bad) == known["bad"]
    assert await newer.find("bad", bad) is None
    with pytest.raises(EmptyDocumentError):
        await newer.parse(bad, source="bad")
    after = {"bad": (await list_quarantined(quarantine.catalog, collection))[0]}
    assert await replace(newer, held=after).find("bad", bad) == after["bad"]


async def test_passwords_try_again_what_asked_for_one_and_nothing_else(
    quarantine: Quarantine, bad: Path, collection: Collection
) -> None:
    with pytest.raises(EmptyDocumentError):
        await quarantine.parse(bad, source="bad")
    (empty,) = await list_quarantined(quarantine.catalog, collection)
    asked = replace(empty, file=replace(empty.file, error="EncryptedDocumentError"))
    terms = replace(TERMS, passwords=("secret",))

    given = replace(quarantine, terms=terms, held={"empty": empty, "asked": asked})

    assert await given.find("empty", bad) == empty
    assert await given.find("asked", bad) is None


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(replace(TERMS, passwords=("secret",)))
