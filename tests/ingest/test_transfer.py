from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.bundle import open_bundle
from ingest.cutting import ensure_cut
from ingest.exporting import export_collection
from ingest.importing import Imported, import_bundle
from ingest.splitting import Wish
from ingest.verify import Stores, verify_collection
from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.audit import stored_documents
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.least_score import set_least_score
from rag_core.catalog.unseen import hidden_ids
from rag_core.errors import BundleError, FingerprintMismatchError, VectorsUnavailableError
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import Vectors
from tests.fakes import WordEmbedder, stage
from tests.ingest.stores_support import CHUNKS, TEXTS, Filled
from tests.rag_core.catalog_support import make_document


async def export(stores: Stores, file: Path) -> Path:
    collection = await collections.get_collection(stores.catalog, "animals")
    await export_collection(stores.catalog, collection, file, overwrite=True)
    return file


async def import_to(stores: Stores, file: Path, name: str = "animals") -> Imported:
    with open_bundle(file) as bundle:
        bundle.check()
        return await import_bundle(stores, bundle, name)


async def live(stores: Stores, name: str = "animals") -> list[DocumentSummary]:
    collection = await collections.get_collection(stores.catalog, name)
    return await documents.list_documents(stores.catalog, collection, limit=99)


class GoneVectors:
    """Chroma, which takes nothing."""

    def __init__(self, vectors: Vectors) -> None:
        self.home = vectors.home

    async def add(self, *_: object) -> None:
        raise VectorsUnavailableError("Chroma does not answer")


async def test_a_collection_comes_whole_to_the_other_kind_of_database(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")

    done = await import_to(other_stores, file)

    assert (done.documents, done.added, done.chunks) == (3, 3, CHUNKS)
    verdict = await verify_collection(other_stores, "animals")
    assert (verdict.findings, verdict.chunks) == ((), CHUNKS)
    assert [one.source for one in await live(other_stores)] == list(TEXTS)


async def test_everything_that_is_stored_comes_along(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    catalog, collection = filled.stores.catalog, await filled.collection()
    made = make_document("a\udc80.pdf", "One page. ", "Ünother.\0", metadata={"year": "2026"})
    made = replace(made, document=replace(made.document, language="de"))
    await documents.remove_documents(catalog, collection, list(filled.ids.values()))
    await stage(catalog, collection, WordEmbedder(), {"unseen": "Nobody sees this."})
    await documents.stage_documents(catalog, collection, [made])
    await documents.publish_documents(catalog, collection, [made.id])
    ((before,),) = [batch async for batch in stored_documents(catalog, collection)]
    hashes = [chunk.vector_hash for chunk in before.chunks]
    await filled.save_vectors(hashes)

    await import_to(other_stores, await export(filled.stores, tmp_path / "a.zip"))

    there = await collections.get_collection(other_stores.catalog, "animals")
    ((after,),) = [batch async for batch in stored_documents(other_stores.catalog, there)]
    for name in ("source", "title", "media_type", "content_hash", "size_bytes", "metadata", "text"):
        assert getattr(after, name) == getattr(before, name)
    assert (after.page_starts, after.markup) == (before.page_starts, before.markup)
    assert after.language == before.language == "de"
    assert [(one.start, one.end, one.page, one.heading_path, one.text) for one in after.chunks] == [
        (one.start, one.end, one.page, one.heading_path, one.text) for one in before.chunks
    ]


async def test_a_new_collection_gets_the_least_score_of_the_old_and_one_in_use_keeps_its_own(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    catalog, other = filled.stores.catalog, other_stores.catalog
    await set_least_score(catalog, await filled.collection(), 0.4)
    await import_to(other_stores, await export(filled.stores, tmp_path / "a.zip"))
    new = await collections.get_collection(other, "animals")

    await set_least_score(catalog, await filled.collection(), 0.5)
    await import_to(other_stores, await export(filled.stores, tmp_path / "a.zip"))
    in_use = await collections.get_collection(other, "animals")

    assert (new.least_score, in_use.least_score) == (0.4, 0.4)


async def test_an_import_into_a_collection_that_is_cut_in_another_way_is_refused(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")
    await ensure_cut(other_stores.catalog, WordEmbedder(), "animals", Wish(64, 8))

    with pytest.raises(BundleError, match=r"64 tokens, overlap 8, .*ingest reindex"):
        await import_to(other_stores, file)

    assert await live(other_stores) == []


async def test_importing_twice_changes_nothing(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")
    await import_to(other_stores, file)
    before = await live(other_stores)

    done = await import_to(other_stores, file)

    assert (done.added, done.updated, done.unchanged) == (0, 0, 3)
    assert await live(other_stores) == before


async def test_an_import_replaces_what_differs_and_leaves_the_rest(
    filled: Filled, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")
    catalog, collection = filled.stores.catalog, await filled.collection()
    changed = {"cat": "A cat of another colour.", "emu": "An emu runs."}
    ids = await stage(catalog, collection, WordEmbedder(), changed)
    await upkeep.publish(catalog, filled.stores.vectors, collection, ids)

    done = await import_to(filled.stores, file)

    assert (done.added, done.updated, done.unchanged) == (0, 1, 2)
    assert [one.source for one in await live(filled.stores)] == ["cat", "dog", "emu", "owl"]
    assert await filled.findings() == {}


async def test_a_copy_under_another_name_is_whole(filled: Filled, tmp_path: Path) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")

    await import_to(filled.stores, file, "copy")

    assert (await verify_collection(filled.stores, "copy")).findings == ()
    assert (await verify_collection(filled.stores, "animals")).findings == ()


async def test_an_import_that_stops_shows_nothing_and_goes_on(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")
    broken = Stores(other_stores.catalog, GoneVectors(other_stores.vectors), other_stores.lexical)  # type: ignore[arg-type]

    with pytest.raises(VectorsUnavailableError):
        await import_to(broken, file)

    assert await live(other_stores) == []
    there = await collections.get_collection(other_stores.catalog, "animals")
    waiting = await hidden_ids(other_stores.catalog, there)
    assert (await verify_collection(other_stores, "animals")).findings == ()
    await upkeep.recover(other_stores.catalog, other_stores.vectors, there)
    assert await live(other_stores) == []
    assert (await import_to(other_stores, file)).added == 3
    assert sorted(one.id for one in await live(other_stores)) == sorted(waiting)


async def test_an_export_holds_one_moment(filled: Filled, tmp_path: Path) -> None:
    catalog, collection = filled.stores.catalog, await filled.collection()
    ids = list(filled.ids.values())

    async def remove_one_by_one() -> None:
        for one in ids:
            await documents.remove_documents(catalog, collection, [one])
            await upkeep.sweep(catalog, filled.stores.vectors, collection)

    _, file = await asyncio.gather(remove_one_by_one(), export(filled.stores, tmp_path / "a.zip"))

    with open_bundle(file) as bundle:
        assert len(list(bundle.documents())) == bundle.manifest.documents
    assert await chunks.count_live_chunks(catalog, collection) == 0


async def test_another_model_is_refused(
    filled: Filled, other_stores: Stores, tmp_path: Path
) -> None:
    file = await export(filled.stores, tmp_path / "animals.zip")
    await collections.ensure_collection(
        other_stores.catalog, "animals", fingerprint="another", dimension=64
    )

    with pytest.raises(FingerprintMismatchError, match="another"):
        await import_to(other_stores, file)


async def test_a_collection_without_its_vectors_is_not_exported(
    filled: Filled, tmp_path: Path
) -> None:
    await filled.execute("DELETE FROM vectors")

    with pytest.raises(BundleError, match="run 'ingest repair' first"):
        await export(filled.stores, tmp_path / "animals.zip")


async def test_a_damaged_document_is_not_exported(filled: Filled, tmp_path: Path) -> None:
    await filled.execute("UPDATE texts SET text = 'x'")

    with pytest.raises(BundleError, match="see 'ingest verify'"):
        await export(filled.stores, tmp_path / "animals.zip")
