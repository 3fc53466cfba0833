from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ingest.compare import compare
from ingest.contents import Contents
from ingest.moves import Way, move_documents
from ingest.plan import Plan
from ingest.stored import documents_below
from ingest.sync import sync
from ingest.synced import Outcome, Run
from ingest.verify import Stores
from rag_core.catalog import collections, documents, vectors
from rag_core.catalog.engine import Catalog
from rag_core.catalog.quarantine import list_quarantined
from rag_core.documents import hash_text, indexed_text
from rag_core.errors import (
    CatalogUnavailableError,
    LexicalUnavailableError,
    TooManyRemovalsError,
)
from rag_core.index import Index
from rag_core.lexical.engine import Lexical
from rag_core.vectors import upkeep
from tests.fakes import WordEmbedder, find_passages
from tests.ingest.mirror_support import (
    find_faults,
    make_mirror,
    mirror_folders,
    no_progress,
    publish_files,
    read_folder,
    read_held,
    remembering,
)

NO_DIFFERENCE = compare([], Plan((), {}, ()), Contents(), metadata=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes with titles of their own, and one whose title is its name."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("rhine", "danube", "elbe"):
        write(folder / f"{name}.md", name)
    (folder / "list.txt").write_text("Weser, Oder and Main.\n")
    return folder


def write(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {name.title()}\n\nThe {name} is a long river.\n")


def renamed(outcome: Outcome) -> dict[str, str]:
    return {Path(one.source).name: Path(one.to).name for one in outcome.moves.renamed}


def removed(outcome: Outcome) -> list[str]:
    return sorted(Path(one.source).name for one in outcome.moves.removed)


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    report = outcome.ingested
    return report.added, report.updated, report.unchanged, report.embedded


async def test_a_sync_adds_updates_and_removes(index: Index, folder: Path) -> None:
    assert counts(await mirror_folders(index, folder)) == (4, 0, 0, 4)
    write(folder / "rhine.md", "rhone")
    write(folder / "deep" / "po.md", "po")
    (folder / "elbe.md").unlink()

    outcome = await mirror_folders(index, folder)

    assert counts(outcome) == (1, 1, 2, 2)
    assert (removed(outcome), outcome.exit_code) == (["elbe.md"], 0)
    assert (await read_held(index)).texts == read_folder(folder)


async def test_a_renamed_file_keeps_its_document_and_metadata(index: Index, folder: Path) -> None:
    await publish_files(index, folder, metadata={"team": "a"})
    before = await read_held(index)
    (folder / "elbe.md").rename(folder / "labe.md")

    outcome = await mirror_folders(index, folder)

    assert (counts(outcome), renamed(outcome)) == ((0, 0, 3, 0), {"elbe.md": "labe.md"})
    after = await read_held(index)
    assert after.ids[str(folder / "labe.md")] == before.ids[str(folder / "elbe.md")]
    assert after.metadata[str(folder / "labe.md")] == {"team": "a"}


async def test_a_title_that_is_the_name_follows_it_and_nothing_is_embedded(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder, metadata={"team": "a"})
    (folder / "list.txt").rename(folder / "tributaries.txt")

    outcome = await mirror_folders(index, folder)

    assert (counts(outcome), renamed(outcome)) == ((0, 0, 3, 0), {"list.txt": "tributaries.txt"})
    held = await read_held(index)
    assert held.texts == read_folder(folder)
    assert held.metadata[str(folder / "tributaries.txt")] == {"team": "a"}
    assert (await find_passages(index, "notes", "tributaries", top_k=1))[
        0
    ].title == "tributaries.txt"


async def test_a_renamed_file_may_be_embedded_under_its_new_name(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    (folder / "list.txt").rename(folder / "tributaries.txt")
    mirror = replace(make_mirror(folder), carry=False)

    outcome = await sync(index, mirror, Run(no_progress, asyncio.Event()))

    assert counts(outcome) == (0, 0, 3, 1)


async def test_a_file_under_another_suffix_is_read_as_what_it_is_now(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    (folder / "elbe.md").rename(folder / "elbe.txt")

    await mirror_folders(index, folder)

    assert (await read_held(index)).texts == read_folder(folder)
    assert await find_faults(index) == []


async def test_two_files_swap_their_names_and_keep_their_documents(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    before = await read_held(index)
    swap(folder / "elbe.md", folder / "rhine.md")

    outcome = await mirror_folders(index, folder)

    assert renamed(outcome) == {"elbe.md": "rhine.md", "rhine.md": "elbe.md"}
    after = await read_held(index)
    assert after.ids[str(folder / "elbe.md")] == before.ids[str(folder / "rhine.md")]


async def test_a_renamed_folder_embeds_and_parses_nothing(index: Index, folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "list.txt").rename(folder / "a" / "list.txt")
    await publish_files(index, folder)
    (folder / "a").rename(folder / "b")

    outcome = await mirror_folders(index, folder)

    assert (outcome.ingested.chunks, counts(outcome)) == (0, (0, 0, 3, 0))
    assert (await read_held(index)).texts == read_folder(folder)


async def test_two_folders_and_added_files_leave_each_other_alone(
    index: Index, folder: Path, tmp_path: Path
) -> None:
    write(tmp_path / "notes-2" / "po.md", "po")
    write(tmp_path / "loose.md", "ebro")
    await publish_files(index, tmp_path / "loose.md", tmp_path / "notes-2")
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()

    await mirror_folders(index, folder)

    all_there = read_folder(folder, tmp_path / "notes-2", tmp_path / "loose.md")
    assert (await read_held(index)).texts == all_there


async def test_a_folder_that_is_gone_loses_nothing_and_is_reported(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    move(folder, folder.with_name("elsewhere"))

    outcome = await mirror_folders(index, folder)

    assert (len(outcome.moves.kept), outcome.exit_code) == (4, 2)
    assert outcome.ingested.failed[0].source == str(folder)
    assert len((await read_held(index)).texts) == 4


async def test_a_subfolder_that_is_not_mounted_keeps_its_documents(
    index: Index, folder: Path, tmp_path: Path
) -> None:
    write(tmp_path / "share" / "po.md", "po")
    (folder / "mounted").symlink_to(tmp_path / "share")
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()
    (tmp_path / "share").rename(tmp_path / "unmounted")

    outcome = await mirror_folders(index, folder)

    assert [Path(one.source).name for one in outcome.moves.kept] == ["po.md"]
    assert (removed(outcome), outcome.exit_code) == (["elbe.md"], 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
async def test_a_subfolder_without_permission_keeps_its_documents(
    index: Index, folder: Path
) -> None:
    write(folder / "closed" / "po.md", "po")
    await publish_files(index, folder)
    (folder / "closed").chmod(0)

    outcome = await mirror_folders(index, folder)

    (folder / "closed").chmod(0o700)
    assert (len(outcome.moves.kept), removed(outcome)) == (1, [])


async def test_an_emptied_folder_trips_the_guard(index: Index, folder: Path) -> None:
    await publish_files(index, folder)
    empty(folder)

    with pytest.raises(TooManyRemovalsError, match=r"--max-delete 4"):
        await mirror_folders(index, folder, guard=None)

    assert len((await read_held(index)).texts) == 4
    assert len((await mirror_folders(index, folder, guard="4")).moves.removed) == 4


async def test_a_guard_that_trips_leaves_renames_and_new_files_alone(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()
    (folder / "rhine.md").rename(folder / "rhein.md")
    write(folder / "po.md", "po")
    before = (await read_held(index)).texts

    with pytest.raises(TooManyRemovalsError, match="1 of 4 documents"):
        await mirror_folders(index, folder, guard="0")

    assert (await read_held(index)).texts == before


async def test_removed_text_is_gone_from_all_stores(index: Index, folder: Path) -> None:
    await publish_files(index, folder)
    text = indexed_text("Elbe", ("Elbe",), "# Elbe\n\nThe elbe is a long river.")
    model = index.embedder.fingerprint
    assert await vectors.has_vectors(index.catalog, model, [hash_text(text)])
    (folder / "elbe.md").unlink()
    write(folder / "rhine.md", "rhone")

    proof = (await mirror_folders(index, folder)).proof

    assert (proof.proven, proof.documents, proof.deleted_vectors) == (True, 2, 2)
    assert not await vectors.has_vectors(index.catalog, model, [hash_text(text)])
    collection = await collections.get_collection(index.catalog, "notes")
    assert await documents.dead_ids(index.catalog, collection) == []
    assert await index.vectors.count(collection.vector_index) == 3


async def test_a_vector_that_another_document_uses_stays(index: Index, folder: Path) -> None:
    write(folder / "copy" / "elbe.md", "elbe")
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()

    assert (await mirror_folders(index, folder)).proof.deleted_vectors == 0


class StuckLexical(Lexical):
    """A lexical index on a full disk: it can be read and not be written."""

    async def follow(self, *_: Any) -> int:
        raise LexicalUnavailableError("no space left on device")


async def test_a_proof_that_fails_is_exit_code_1(
    index: Index, folder: Path, tmp_path: Path
) -> None:
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()
    stuck = replace(index, lexical=StuckLexical(tmp_path / "home"))

    outcome = await mirror_folders(stuck, folder)

    assert (outcome.proof.proven, outcome.exit_code) == (False, 1)
    assert outcome.proof.detail == "no space left on device"


async def test_a_catalog_that_goes_in_the_middle_leaves_the_report_of_what_was_done(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_files(index, folder)
    (folder / "list.txt").rename(folder / "tributaries.txt")
    (folder / "elbe.md").unlink()

    async def go(catalog: Catalog, *_: Any) -> None:
        monkeypatch.setattr(catalog, "reading", gone)
        monkeypatch.setattr(catalog, "writing", gone)
        gone()

    def gone() -> None:
        raise CatalogUnavailableError("the connection was lost")

    monkeypatch.setattr("ingest.flow.documents.stage_documents", go)
    outcome = await mirror_folders(index, folder)

    assert (renamed(outcome), removed(outcome)) == ({"list.txt": "tributaries.txt"}, ["elbe.md"])
    assert outcome.ingested.detail == outcome.proof.detail == "the connection was lost"
    assert (outcome.proof.proven, outcome.exit_code) == (False, 1)


async def test_a_run_that_breaks_off_keeps_the_vectors_that_the_next_one_needs(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_files(index, folder)
    rhine = (folder / "rhine.md").read_text()
    (folder / "rhine.md").unlink()
    (folder / "elbe.md").unlink()
    (folder / "rhein.md").write_text(f"{rhine}\n\n")

    async def fail(*_: Any) -> None:
        raise CatalogUnavailableError("the connection was lost")

    with monkeypatch.context() as broken:
        broken.setattr("ingest.flow.documents.stage_documents", fail)
        first = await mirror_folders(index, folder)
    second = await mirror_folders(index, folder)

    assert (first.exit_code, first.proof.proven, first.proof.deleted_vectors) == (1, True, 0)
    assert (counts(second), second.exit_code) == ((1, 0, 2, 0), 0)
    assert second.proof.deleted_vectors == 1  # of the Elbe


async def test_what_a_killed_run_had_removed_is_proven_gone_by_the_next(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    collection = await collections.get_collection(index.catalog, "notes")
    (folder / "elbe.md").unlink()
    elbe = (await read_held(index)).ids[str(folder / "elbe.md")]
    await documents.remove_documents(index.catalog, collection, [elbe])

    proof = (await mirror_folders(index, folder)).proof

    assert (proof.proven, proof.documents, proof.deleted_vectors) == (True, 1, 1)


async def test_a_run_that_is_killed_before_it_deletes_the_vectors_leaves_that_to_the_next(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    (folder / "elbe.md").unlink()
    collection = await collections.get_collection(index.catalog, "notes")
    notes = index.vectors.home / "mirror" / f"{collection.id}.hashes"
    live = await documents_below(index.catalog, collection, [str(folder)])
    gone = [one for one in live if one.source.endswith("elbe.md")]
    difference = replace(NO_DIFFERENCE, removed=tuple(gone))
    await move_documents(index.catalog, collection, difference, Way([], notes, carry=True))
    await upkeep.sweep(index.catalog, index.vectors, collection)

    proof = (await mirror_folders(index, folder)).proof

    assert (proof.documents, proof.deleted_vectors) == (0, 1)
    assert not notes.exists()


async def test_a_changed_file_that_cannot_be_read_keeps_its_document(
    index: Index, folder: Path
) -> None:
    await publish_files(index, folder)
    before = (await read_held(index)).texts
    (folder / "elbe.md").write_text("")

    outcome = await mirror_folders(index, folder)

    assert (len(outcome.ingested.failed), outcome.exit_code) == (1, 1)
    assert (await read_held(index)).texts == before
    assert outcome.proof.documents == 0


async def test_a_failed_file_that_is_gone_is_forgotten(index: Index, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 garbage")
    await mirror_folders(index, folder)
    collection = await collections.get_collection(index.catalog, "notes")
    assert len(await list_quarantined(index.catalog, collection)) == 1
    (folder / "broken.pdf").unlink()

    assert (await mirror_folders(index, folder)).exit_code == 0

    assert await list_quarantined(index.catalog, collection) == []


async def test_a_stopped_sync_goes_on_with_the_next(index: Index, folder: Path) -> None:
    stop = asyncio.Event()
    stop.set()

    assert (await mirror_folders(index, folder, stop=stop)).exit_code == 130
    assert counts(await mirror_folders(index, folder)) == (4, 0, 0, 4)


async def test_two_syncs_at_once_take_turns(index: Index, folder: Path) -> None:
    outcomes = await asyncio.gather(mirror_folders(index, folder), mirror_folders(index, folder))

    assert sorted(counts(one) for one in outcomes) == [(0, 0, 4, 0), (4, 0, 0, 4)]


async def test_wanted_metadata_is_given_to_unchanged_files(index: Index, folder: Path) -> None:
    await publish_files(index, folder)

    outcome = await mirror_folders(index, folder, metadata={"team": "b"})

    assert counts(outcome) == (0, 4, 0, 0)
    assert {one["team"] for one in (await read_held(index)).metadata.values()} == {"b"}


def move(one: Path, to: Path) -> None:
    one.rename(to)


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


@dataclass
class Shaker:
    """Does to a folder what people do, at random."""

    folder: Path
    random: random.Random
    written: int = 0

    def shake(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.random.choice(self._deeds())()

    def _deeds(self) -> Sequence[Callable[[], object]]:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        if len(files) < 2:
            return [self._create]
        one, other = self.random.sample(files, 2)
        return [
            self._create,
            self._create,
            lambda: self._write(one),
            lambda: one.rename(self._new_path(one.suffix)),
            lambda: one.replace(other),
            lambda: swap(one, other),
            lambda: one.with_name(f"copy-{self.written}{one.suffix}").write_bytes(one.read_bytes()),
            one.unlink,
            lambda: self._become_folder(one),
            lambda: self._rename_folder(one.parent),
        ]

    def _create(self) -> None:
        self._write(self._new_path(self.random.choice([".md", ".txt"])))

    def _write(self, path: Path) -> None:
        self.written += 1
        path.write_text(f"# Note {self.written}\n\nIt says {self.written}.\n")

    def _new_path(self, suffix: str) -> Path:
        self.written += 1
        folder = self.folder / self.random.choice(["", "a", "b"])
        folder.mkdir(exist_ok=True)
        return folder / f"{self.written}{suffix}"

    def _rename_folder(self, folder: Path) -> None:
        self.written += 1
        if folder != self.folder:
            folder.rename(self.folder / f"folder-{self.written}")

    def _become_folder(self, path: Path) -> None:
        path.unlink()
        path.mkdir()
        self._write(path / "inner.md")


@pytest.fixture
def any_index(stores: Stores) -> Index:
    """An index with its catalog in SQLite or PostgreSQL."""
    return Index(stores.catalog, WordEmbedder(), stores.vectors, stores.lexical)


async def test_after_each_sync_the_collection_is_the_folder_and_nothing_is_embedded_again(
    any_index: Index, tmp_path: Path
) -> None:
    shaker = Shaker(tmp_path / "shaken", random.Random(1))  # noqa: S311
    shaker.folder.mkdir()
    index, embedder = remembering(any_index)
    held: set[str] = set()
    for _ in range(8):
        shaker.shake()
        await mirror_folders(index, shaker.folder)
        assert not held & set(embedder.texts)
        after = await read_held(index)
        assert after.texts == read_folder(shaker.folder)
        held = after.indexed
        embedder.texts.clear()
    assert await find_faults(index) == []
