from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ingest.pipeline import Order, ingest_plan
from ingest.plan import plan_paths
from ingest.report import Report, Tally
from ingest.stored import find_all
from rag_core.catalog import collections, documents
from rag_core.index import Index
from tests.ingest.archives_support import make_tar, make_zip

NOTES = {f"{river}.md": f"# {river}\n\nIt is long.\n".encode() for river in ("Rhine", "Elbe")}


def no_progress(tally: Tally) -> None:
    """Look away."""


async def ingest(index: Index, path: Path, home: Path) -> Report:
    plan = plan_paths([path], home=home)
    stop = asyncio.Event()
    return await ingest_plan(index, plan, Order("notes"), progress=no_progress, stop=stop)


@pytest.mark.parametrize("name", ["notes.zip", "notes.tar.xz"])
async def test_members_become_documents_with_the_archive_in_their_names(
    index: Index, tmp_path: Path, name: str
) -> None:
    path = (make_zip if name.endswith(".zip") else make_tar)(tmp_path / name, NOTES)

    report = await ingest(index, path, tmp_path / "home")

    stored = await collections.get_collection(index.catalog, "notes")
    live = await documents.list_documents(index.catalog, stored, limit=9)
    assert (report.added, report.exit_code) == (2, 0)
    assert [one.source for one in live] == [f"{path}!/Elbe.md", f"{path}!/Rhine.md"]
    assert [one.title for one in live] == ["Elbe", "Rhine"]
    assert list((tmp_path / "home" / "unpacked").rglob("*.md")) == []


async def test_only_members_that_changed_are_read_again(index: Index, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", NOTES)
    await ingest(index, path, tmp_path / "home")
    make_zip(path, {**NOTES, "Elbe.md": b"# Elbe\n\nIt is very long.\n"})

    report = await ingest(index, path, tmp_path / "home")

    assert (report.added, report.updated, report.unchanged) == (0, 1, 1)


async def test_a_member_that_cannot_be_parsed_costs_that_member_only(
    index: Index, tmp_path: Path
) -> None:
    path = make_zip(tmp_path / "notes.zip", {**NOTES, "bad.pdf": b"%PDF-1.7 garbage"})

    report = await ingest(index, path, tmp_path / "home")

    assert (report.added, report.exit_code) == (2, 1)
    assert [fault.source for fault in report.failed] == [f"{path}!/bad.pdf"]


async def test_the_archive_means_all_its_members(index: Index, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", NOTES)
    make_zip(tmp_path / "notes.zip.zip", NOTES)
    await ingest(index, tmp_path, tmp_path / "home")
    stored = await collections.get_collection(index.catalog, "notes")

    found, missing = await find_all(index.catalog, stored, [str(path)])

    assert {one.source for one in found.values()} == {f"{path}!/{name}" for name in NOTES}
    assert missing == []
