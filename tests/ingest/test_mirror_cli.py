from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.ingest.test_cli import run, run_json

MODEL = "langchain:tests.embeddings.WordEmbeddings"


@pytest.fixture(autouse=True)
def _home(ingest_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's store; each test has a collection of its own."""
    monkeypatch.setenv("RAG_HOME", str(ingest_home))
    monkeypatch.setenv("EMBEDDING_MODEL", MODEL)
    monkeypatch.setenv("RAG_COLLECTION", f"mirror-{time.monotonic_ns()}")
    monkeypatch.chdir(ingest_home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("rhine", "danube", "elbe"):
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\nThe {name} is a long river.\n")
    return folder


def change(folder: Path) -> None:
    (folder / "elbe.md").unlink()
    (folder / "rhine.md").rename(folder / "rhein.md")


def test_a_sync_says_what_it_did(folder: Path) -> None:
    run("sync", folder)
    change(folder)

    result = run("sync", folder)

    assert result.exit_code == 0
    renamed, removed, proof = result.stdout.splitlines()[1:]
    assert renamed == f"renamed: {folder}/rhine.md -> {folder}/rhein.md"
    assert removed == f"removed: {folder}/elbe.md"
    assert proof.endswith("proven gone from catalog, vectors and words; 1 cached vector deleted")


def test_a_sync_as_json_has_the_documented_keys(folder: Path) -> None:
    run("sync", folder)
    change(folder)

    report = run_json("sync", folder)

    assert report["renamed"] == [{"source": f"{folder}/rhine.md", "to": f"{folder}/rhein.md"}]
    assert [one["source"] for one in report["removed"]] == [f"{folder}/elbe.md"]
    assert list(report["proof"])[:4] == ["proven", "documents", "chunks", "deleted_vectors"]
    assert (report["unchanged"], report["embedded"], report["kept"]) == (1, 0, [])


def test_a_dry_run_says_what_a_sync_would_do_and_does_it_not(folder: Path) -> None:
    run("sync", folder)
    change(folder)
    before = run_json("list")

    result = run("sync", folder, "--dry-run", "--max-delete", "0")

    assert result.exit_code == 0
    assert "would be 0 added, 0 updated, 1 renamed, 1 removed; 1 unchanged" in result.stdout
    assert "would be refused: 1 of 3 documents would be removed" in result.stdout
    assert run_json("list") == before


def test_too_many_removals_are_exit_code_2_and_name_the_way_out(folder: Path) -> None:
    run("sync", folder)
    change(folder)

    result = run("sync", folder, "--max-delete", "10%")

    assert result.exit_code == 2
    assert "allow it with --max-delete 1" in result.stderr


def test_a_relative_source_is_the_same_as_an_absolute_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync", folder)
    monkeypatch.chdir(folder)

    assert run_json("sync", os.curdir)["unchanged"] == 3
