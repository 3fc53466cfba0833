from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from ingest.pipeline import Order, ingest_plan
from ingest.plan import plan_paths
from ingest.report import Report, Tally
from rag_core.catalog import collections, documents
from rag_core.catalog.documents import DocumentSummary
from rag_core.errors import (
    EmbeddingUnavailableError,
    FingerprintMismatchError,
    VectorsUnavailableError,
)
from rag_core.index import Index
from rag_core.vectors.chroma import Vectors
from tests.fakes import WordEmbedder, find_passages
from tests.texts import TEXTS


def no_progress(tally: Tally) -> None:
    """Look away."""


@dataclass
class Stopper:
    """Stops an ingest when its tally is so far."""

    when: Callable[[Tally], bool]
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, tally: Tally) -> None:
        if self.when(tally):
            self.stop.set()


class CountingEmbedder(WordEmbedder):
    """Counts its texts, and fails after so many calls."""

    def __init__(self, calls: int = 1_000_000) -> None:
        self.left = calls
        self.sizes: list[int] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self.left == 0:
            raise EmbeddingUnavailableError("the model's server does not answer")
        self.left -= 1
        self.sizes.append(len(texts))
        return await super().embed(texts)


class BreakingVectors:
    """Chroma, which takes one batch and then no more."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vectors, name)

    async def add(self, name: str, ids: Sequence[str], matrix: np.ndarray) -> None:
        if self._left == 0:
            raise VectorsUnavailableError("Chroma does not answer")
        await self._vectors.add(name, ids, matrix)
        self._left -= 1


async def ingest(
    index: Index,
    *paths: Path,
    collection: str = "notes",
    metadata: Mapping[str, str] | None = None,
    stopper: Stopper | None = None,
) -> Report:
    return await ingest_plan(
        index,
        plan_paths(paths),
        Order(collection, metadata),
        progress=stopper or no_progress,
        stop=stopper.stop if stopper else asyncio.Event(),
    )


async def live(index: Index, collection: str = "notes") -> list[DocumentSummary]:
    stored = await collections.get_collection(index.catalog, collection)
    return await documents.list_documents(index.catalog, stored, limit=10_000)


async def found(index: Index, query: str) -> list[str]:
    return [Path(one.source).name for one in await find_passages(index, "notes", query, top_k=3)]


async def vectors_held(index: Index) -> int:
    stored = await collections.get_collection(index.catalog, "notes")
    return await index.vectors.count(stored.vector_index)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("rhine", "danube", "elbe"):
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\nThe {name} is a long river.\n")
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More notes than fit into two batches."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        (folder / f"{number:03}.md").write_text(f"# Note {number}\n\nIt says {number}.\n")
    return folder


async def test_files_become_live_documents_that_a_search_finds(index: Index, folder: Path) -> None:
    report = await ingest(index, folder)

    assert (report.files, report.added, report.exit_code) == (3, 3, 0)
    assert [Path(one.source).name for one in await live(index)] == [
        "danube.md",
        "elbe.md",
        "rhine.md",
    ]
    assert (await found(index, "danube"))[0] == "danube.md"


async def test_each_document_is_found_in_its_language(index: Index, tmp_path: Path) -> None:
    for language in ("en", "de", "ja", "ar"):
        (tmp_path / f"{language}.txt").write_text(TEXTS[language])
    (tmp_path / "numbers.csv").write_text("1;2\n3;4\n")

    await ingest(index, tmp_path)

    languages = {Path(one.source).name: one.language for one in await live(index)}
    assert languages.pop("numbers.csv") == ""
    assert languages == {f"{language}.txt": language for language in ("en", "de", "ja", "ar")}
    assert (await found(index, "Bruecken mit Maut"))[0] == "de.txt"
    assert (await found(index, "橋の修理費用は？"))[0] == "ja.txt"


async def test_ingesting_twice_changes_nothing(index: Index, folder: Path) -> None:
    await ingest(index, folder)
    before = await live(index)

    report = await ingest(index, folder)

    assert (report.unchanged, report.chunks, report.embedded) == (3, 0, 0)
    assert await live(index) == before


async def test_a_changed_file_replaces_its_old_version_everywhere(
    index: Index, folder: Path
) -> None:
    await ingest(index, folder)
    (folder / "elbe.md").write_text("# Elbe\n\nThe moldau flows into it.\n")

    report = await ingest(index, folder)

    assert (report.updated, report.unchanged) == (1, 2)
    assert (await found(index, "moldau"))[0] == "elbe.md"
    assert await vectors_held(index) == sum(one.chunks for one in await live(index))


async def test_a_change_that_keeps_the_size_is_seen(index: Index, folder: Path) -> None:
    await ingest(index, folder)
    text = (folder / "elbe.md").read_text()
    (folder / "elbe.md").write_text(text.replace("long", "wide"))

    assert (await ingest(index, folder)).updated == 1


async def test_a_renamed_file_is_not_embedded_again(index: Index, folder: Path) -> None:
    await ingest(index, folder)
    (folder / "elbe.md").rename(folder / "labe.md")

    report = await ingest(index, folder)

    assert (report.added, report.embedded, report.reused) == (1, 0, report.chunks)


async def test_another_collection_embeds_nothing_again(index: Index, folder: Path) -> None:
    await ingest(index, folder)

    report = await ingest(index, folder, collection="others")

    assert (report.added, report.embedded) == (3, 0)


async def test_other_metadata_updates_a_document(index: Index, folder: Path) -> None:
    await ingest(index, folder, metadata={"team": "a"})

    report = await ingest(index, folder, metadata={"team": "b"})

    assert (report.updated, report.embedded) == (3, 0)
    assert {one.metadata["team"] for one in await live(index)} == {"b"}


async def test_without_metadata_a_document_keeps_what_it_has(index: Index, folder: Path) -> None:
    await ingest(index, folder, metadata={"team": "a"})
    (folder / "elbe.md").write_text("# Elbe\n\nIt is wide.\n")

    report = await ingest(index, folder)

    assert (report.updated, report.unchanged) == (1, 2)
    assert {one.metadata["team"] for one in await live(index)} == {"a"}


async def test_a_bad_file_is_reported_and_the_rest_goes_on(index: Index, folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 garbage")
    (folder / "empty.md").write_text("")

    report = await ingest(index, folder)

    assert (report.added, report.exit_code) == (3, 1)
    assert [(Path(one.source).name, one.error) for one in report.failed] == [
        ("bad.pdf", "UnreadableDocumentError"),
        ("empty.md", "EmptyDocumentError"),
    ]


async def test_a_fault_of_the_plan_is_in_the_report(index: Index, folder: Path) -> None:
    report = await ingest(index, folder, folder / "none.md")

    assert (report.added, report.exit_code) == (3, 1)
    assert report.failed[0].source == str(folder / "none.md")


async def test_many_files_come_through_once_each(index: Index, many: Path) -> None:
    report = await ingest(index, many)

    assert report.added == 150
    assert len({one.source for one in await live(index)}) == len(await live(index)) == 150
    assert await vectors_held(index) == report.chunks


async def test_a_long_document_is_embedded_piece_by_piece(index: Index, tmp_path: Path) -> None:
    sections = (f"## Section {number}\n\n" + "Words follow. " * 30 for number in range(150))
    (tmp_path / "long.md").write_text("\n\n".join(sections))
    embedder = CountingEmbedder()

    report = await ingest(replace(index, embedder=embedder), tmp_path / "long.md")

    assert report.chunks > 100
    assert max(embedder.sizes) <= 96


async def test_a_stop_before_the_beginning_ingests_nothing(index: Index, folder: Path) -> None:
    stopper = Stopper(lambda _: True)
    stopper.stop.set()

    report = await ingest(index, folder, *map(Path, "abc"), stopper=stopper)

    assert (report.added, report.interrupted, report.exit_code) == (0, True, 130)


async def test_a_stop_keeps_what_is_done_and_the_next_run_does_the_rest(
    index: Index, many: Path
) -> None:
    report = await ingest(index, many, stopper=Stopper(lambda tally: tally.embedded > 0))

    assert report.interrupted
    assert len(await live(index)) == report.added < 150
    again = await ingest(index, many)
    assert (again.unchanged, again.added) == (report.added, 150 - report.added)
    assert again.embedded == again.chunks - again.reused


async def test_a_model_that_fails_in_the_middle_loses_nothing_that_is_done(
    index: Index, many: Path
) -> None:
    report = await ingest(replace(index, embedder=CountingEmbedder(calls=1)), many)

    assert (report.error, report.exit_code) == ("EmbeddingUnavailableError", 1)
    again = await ingest(index, many)
    assert (again.exit_code, again.embedded) == (0, 150 - report.embedded)
    assert len(await live(index)) == 150


async def test_vectors_that_fail_in_the_middle_lose_nothing_that_is_done(
    index: Index, many: Path
) -> None:
    vectors = BreakingVectors(index.vectors)

    report = await ingest(replace(index, vectors=cast("Vectors", vectors)), many)

    assert (report.error, report.exit_code) == ("VectorsUnavailableError", 1)
    assert len(await live(index)) == report.added < 150


async def test_two_ingests_at_once_make_each_document_live_once(index: Index, many: Path) -> None:
    reports = await asyncio.gather(ingest(index, many), ingest(index, many))

    assert [report.exit_code for report in reports] == [0, 0]
    assert len({one.source for one in await live(index)}) == len(await live(index)) == 150
    await ingest(index, many)
    assert await vectors_held(index) == sum(one.chunks for one in await live(index))


async def test_another_model_is_refused_before_anything_is_done(index: Index, folder: Path) -> None:
    await ingest(index, folder)
    other = WordEmbedder()
    other.fingerprint = "fake/other"

    with pytest.raises(FingerprintMismatchError):
        await ingest(replace(index, embedder=other), folder)
