from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.findings import Finding
from ingest.verify import open_stores, verify_collection
from rag_core.catalog import collections
from rag_core.catalog.documents import list_documents
from rag_core.settings import Settings
from tests.ingest.cluster_support import RayCluster, running_cluster, said

NOTES = 40


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Notes, one of which waits at the gate, an archive, and files that cannot be read."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(NOTES):
        text = "It is gated.\n" if number == 7 else f"It says {number}.\n"
        (folder / f"{number:02} ü.md").write_text(f"# Note {number}\n\n{text}")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("rhine.md", "# Rhine\n\nA river.\n")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 garbage")
    (folder / "empty.md").write_text("")
    return folder


async def look(home: Path) -> tuple[list[tuple[object, ...]], tuple[Finding, ...]]:
    """The documents, whoever made them and when, and what is wrong with the stores."""
    async with open_stores(Settings(RAG_HOME=home, _env_file=None)) as stores:
        collection = await collections.get_collection(stores.catalog, "notes")
        live = await list_documents(stores.catalog, collection, limit=1_000)
        verdict = await verify_collection(stores, "notes")
    kept = [(one.source, one.content_hash, one.chunks, one.tokens) for one in live]
    return kept, verdict.findings


async def test_a_cluster_makes_the_same_documents_as_this_machine(
    cluster: RayCluster, folder: Path, tmp_path: Path
) -> None:
    far = said(cluster.add(tmp_path / "far", folder))

    near = cluster.ask(tmp_path / "near", "add", folder)
    same = ("files", "chunks", "failed", "warnings", "skipped", "error")
    assert [far[key] for key in same] == [near[key] for key in same]
    assert (far["added"], len(far["failed"])) == (NOTES + 1, 2)
    assert await look(tmp_path / "far") == await look(tmp_path / "near")


async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    cluster: RayCluster, folder: Path, tmp_path: Path
) -> None:
    cluster.gate.touch()
    adding = cluster.add(tmp_path, folder)
    cluster.worker_at("embed_texts").kill()
    cluster.gate.unlink()

    report = said(adding)

    assert (report["added"], report["error"]) == (NOTES + 1, None)
    assert report["embedded"] == report["chunks"]
    there, findings = await look(tmp_path)
    assert (len(there), len(set(there)), findings) == (NOTES + 1, NOTES + 1, ())


async def test_a_driver_that_was_killed_goes_on_when_it_is_run_again(
    cluster: RayCluster, folder: Path, tmp_path: Path
) -> None:
    cluster.gate.touch()
    with cluster.add(tmp_path, folder) as adding:
        worker = cluster.worker_at("embed_texts")
        adding.kill()
    worker.wait(60)
    cluster.gate.unlink()

    said(cluster.add(tmp_path, folder))

    there, findings = await look(tmp_path)
    assert (len(there), len(set(there)), findings) == (NOTES + 1, NOTES + 1, ())
