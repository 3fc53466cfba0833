from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest import unchanged
from ingest.pipeline import Order, ingest_plan
from ingest.plan import plan_paths
from ingest.report import Tally
from ingest.unchanged import Compared, compare_files
from rag_core.catalog import collections
from rag_core.index import Index
from tests.ingest.archives_support import make_zip


def no_progress(tally: Tally) -> None:
    """Look away."""


@pytest.fixture
async def folder(index: Index, tmp_path: Path) -> Path:
    """Two notes and one in an archive, ingested with metadata."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\none\n")
    (folder / "b.md").write_text("# B\n\none\n")
    make_zip(folder / "c.zip", {"c.md": b"# C\n\none\n"})
    plan, order = plan_paths([folder], home=tmp_path), Order("notes", {"year": "2026"})
    await ingest_plan(index, plan, order, progress=no_progress, stop=asyncio.Event())
    return folder


async def compare(
    index: Index, folder: Path, metadata: Mapping[str, str] | None = None
) -> list[Compared]:
    stored = await collections.get_collection(index.catalog, "notes")
    files = plan_paths([folder], home=folder.parent).files
    return [one async for one in compare_files(index.catalog, stored, files, metadata)]


def names(compared: Compared) -> list[str]:
    return [Path(file.source).name for file in compared.due]


async def test_what_is_live_as_it_is_is_not_due(index: Index, folder: Path) -> None:
    (compared,) = await compare(index, folder)

    assert [Path(file.source).name for file in compared.unchanged] == ["a.md", "b.md", "c.md"]
    assert (compared.due, compared.live) == ([], {})


async def test_other_bytes_of_the_same_size_and_time_are_due(index: Index, folder: Path) -> None:
    before = (folder / "a.md").stat()
    (folder / "a.md").write_text("# A\n\ntwo\n")
    os.utime(folder / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    make_zip(folder / "c.zip", {"c.md": b"# C\n\ntwo\n"})

    (compared,) = await compare(index, folder)

    assert names(compared) == ["a.md", "c.md"]
    assert {Path(source).name for source in compared.live} == {"a.md", "c.md"}


async def test_new_files_are_due_and_not_live(index: Index, folder: Path) -> None:
    (folder / "d.md").write_text("# D\n")

    (compared,) = await compare(index, folder)

    assert (names(compared), compared.live) == (["d.md"], {})


@pytest.mark.parametrize(("metadata", "due"), [({"year": "2026"}, 0), ({"year": "2027"}, 3)])
async def test_other_metadata_makes_a_file_due(
    index: Index, folder: Path, metadata: dict[str, str], due: int
) -> None:
    (compared,) = await compare(index, folder, metadata)

    assert len(compared.due) == due


async def test_a_file_that_has_gone_is_left_to_its_parser(index: Index, folder: Path) -> None:
    stored = await collections.get_collection(index.catalog, "notes")
    files = plan_paths([folder], home=folder.parent).files
    (folder / "a.md").unlink()

    (compared,) = [one async for one in compare_files(index.catalog, stored, files, None)]

    assert names(compared) == ["a.md"]


def test_many_files_and_large_ones_are_compared_in_parts(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.md").write_bytes(b"x" * 10 * number)
    files = plan_paths([tmp_path]).files

    parts = unchanged.batches(files, most_files=3, most_bytes=70)

    assert [[file.size_bytes for file in part] for part in parts] == [
        [0, 10, 20],
        [30, 40],
        [50, 60],
    ]
