from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.alone import alone
from ingest.cli import app

MODEL = "langchain:tests.embeddings.WordEmbeddings"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with two documents in the collection `notes`."""
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EMBEDDING_MODEL", MODEL)
    monkeypatch.setenv("RAG_COLLECTION", "notes")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rhine.md").write_text("# Rhine\n\nIt flows through Basel and Cologne.\n")
    (tmp_path / "danube.md").write_text("# Danube\n\nIt flows through Vienna and Budapest.\n")
    assert run("add", "rhine.md", "danube.md").exit_code == 0
    return tmp_path / "home"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(run(*arguments, "--json").stdout)
    return result


def execute(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as connection, connection:
        connection.execute(statement)


@pytest.mark.usefixtures("home")
def test_a_sound_store_is_exit_code_0() -> None:
    result = run("verify")

    assert result.exit_code == 0
    assert result.stdout.startswith("notes: well; 2 documents, 2 chunks, 2 vectors searched for")
    assert run("repair").stdout == "notes: nothing to repair\n"


def test_a_fault_is_exit_code_1_and_names_what_mends_it(home: Path) -> None:
    execute(home, "DELETE FROM vectors")

    result = run("verify")
    again = run_json("verify", "--collection", "notes")

    assert result.exit_code == 1
    assert "in the catalog, to be embedded again: 2 (such as " in result.stdout
    assert result.stdout.endswith("): ingest repair\n")
    keys = ["collection", "documents", "chunks", "vectors_tried", "findings", "seconds"]
    assert [list(one) for one in again["collections"]] == [keys]
    assert list(again["collections"][0]["findings"][0]) == [
        *["check", "count", "detail", "examples", "mend"]
    ]


def test_a_repair_says_what_it_did(home: Path) -> None:
    execute(home, "DELETE FROM vectors")

    result = run("repair")

    assert result.exit_code == 0
    assert result.stdout.startswith("notes: repaired: 2 embedded, 0 added\n  found: chunks")
    assert run("verify").exit_code == 0


def test_what_a_repair_cannot_mend_is_exit_code_1(home: Path) -> None:
    execute(home, "UPDATE documents SET token_count = 1")

    result = run_json("repair")

    keys = ["collection", "found", "embedded", "added", "rebuilt", "left"]
    assert list(result["collections"][0]) == keys
    assert run("repair").exit_code == 1


@pytest.mark.usefixtures("home")
def test_after_a_rebuild_searches_find_the_same() -> None:
    before = run_json("search", "Vienna")

    rebuilt = run_json("rebuild")

    assert [list(one) for one in rebuilt["collections"]] == [["collection", "seconds"]]
    assert run_json("search", "Vienna") == before
    assert run("verify").exit_code == 0


def test_without_a_collection_there_is_nothing_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path))

    assert run("verify").stdout == "there is no collection yet\n"
    assert run_json("verify") == {"collections": []}
    assert run("verify", "--collection", "papers").exit_code == 2


def test_a_collection_is_exported_and_imported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = run_json("export", "notes.zip")
    found = run_json("search", "Vienna")["passages"]
    monkeypatch.setenv("RAG_HOME", str(home.parent / "other"))

    imported = run_json("import", "notes.zip")

    keys = ["collection", "file", "documents", "chunks", "size_bytes", "seconds"]
    assert list(exported) == keys
    keys = ["collection", "file", "documents", "added", "updated", "unchanged", "chunks", "seconds"]
    assert list(imported) == keys
    assert (imported["added"], imported["chunks"]) == (2, 2)
    there = run_json("search", "Vienna")["passages"]
    assert [(one["text"], one["fused_score"]) for one in there] == [
        (one["text"], one["fused_score"]) for one in found
    ]


@pytest.mark.usefixtures("home")
def test_export_and_import_say_what_they_did() -> None:
    first = run("export", "notes.zip")
    again = run("import", "notes.zip")

    assert first.stdout.startswith("notes: 2 documents, 2 chunks to ")
    assert again.stdout.startswith("notes: 0 added, 0 updated, 2 unchanged; 0 chunks in ")
    assert run("export", "notes.zip").exit_code == 2
    assert run("export", "notes.zip", "--overwrite").exit_code == 0


def test_a_damaged_file_and_another_model_are_exit_code_2(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("export", "notes.zip")
    (home.parent / "half.zip").write_bytes((home.parent / "notes.zip").read_bytes()[:900])
    monkeypatch.setenv("RAG_HOME", str(home.parent / "other"))

    half = run("import", "half.zip")
    monkeypatch.setenv("EMBEDDING_MODEL", "local")
    other = run("import", "notes.zip")

    assert (half.exit_code, other.exit_code) == (2, 2)
    assert "half.zip' is damaged, not whole, or no file of 'ingest export'" in half.stderr
    assert "was embedded with 'langchain" in other.stderr
    assert run_json("status")["collections"] == []


def count(home: Path, table: str) -> int:
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(rows)


def test_compacting_keeps_what_is_live_and_unused_vectors_until_told(home: Path) -> None:
    run("remove", "rhine.md")

    first = run_json("compact")
    second = run_json("compact", "--unused-vectors")

    keys = "collections fetches unused_vectors unused_vector_bytes deleted_vectors broken_stores "
    keys += "originals catalog_bytes_before catalog_bytes_after problem seconds"
    assert list(first) == keys.split()
    assert (first["unused_vectors"], first["deleted_vectors"]) == (1, 0)
    assert (second["unused_vectors"], second["deleted_vectors"]) == (1, 1)
    assert count(home, "vectors") == 1
    assert run("verify").exit_code == 0


def test_compacting_removes_what_chroma_keeps_of_removed_vectors(home: Path) -> None:
    run("remove", "rhine.md")

    first, second = run_json("compact"), run_json("compact")

    assert [one["collections"][0]["removed_vectors"] for one in (first, second)] == [1, 0]
    assert count(home, "documents") == 1


def test_an_abandoned_import_is_cleared_away(home: Path) -> None:
    execute(home, "UPDATE documents SET state = 'import:1', created_at = '2026-01-01 00:00:00'")

    assert run_json("compact")["collections"][0]["abandoned"] == 2
    assert count(home, "documents") == 0


def test_broken_stores_are_deleted_when_told(home: Path) -> None:
    aside = home / "chroma" / "data.broken-20260101T000000Z-000000"
    aside.mkdir()
    (aside / "chroma.sqlite3").write_bytes(b"x" * 2_000_000)

    said = run("compact").stdout
    deleted = run_json("compact", "--broken-stores")["broken_stores"]

    assert f"broken store {aside} (2.0 MB) kept: --broken-stores deletes it" in said
    assert deleted == [{"path": str(aside), "size_bytes": 2_000_000, "deleted": True}]
    assert not aside.exists()


@pytest.mark.usefixtures("home")
def test_compacting_says_what_it_did() -> None:
    run("remove", "rhine.md")

    lines = run("compact").stdout.splitlines()

    assert lines[0].startswith("notes: 1 removed vectors, 0 old changes and 0 documents of")
    assert lines[1].startswith("1 unused vectors (0.0 MB) kept, so that their texts need not")
    assert lines[2].startswith("catalog: 0.")


@pytest.mark.usefixtures("home")
def test_a_reindex_says_what_it_did_and_can_be_taken_back() -> None:
    result = run_json("reindex", "--chunk-tokens", "64")
    text = run("reindex", "--rollback")

    keys = "collection switched fingerprint chunk_tokens overlap_tokens strategy fields previous"
    assert list(result) == [*keys.split(), "documents", "embedded", "reused", "seconds"]
    assert (result["switched"], result["documents"], result["reused"]) == (True, 2, 2)
    assert list(result["previous"]) == ["fingerprint", *keys.split()[3:7]]
    assert "notes: now langchain/tests.embeddings.WordEmbeddings" in text.stdout
    assert "chunks of 256 tokens" in text.stdout
    assert run("verify").exit_code == 0


@pytest.mark.usefixtures("home")
def test_another_model_is_said_to_be_set_everywhere() -> None:
    again = "langchain:tests.embeddings.SlowEmbeddings"

    result = run("reindex", "--embedding", again)
    refused = run("add", "rhine.md")

    assert result.exit_code == 0
    assert f"now set EMBEDDING_MODEL={again}" in result.stdout
    assert "0/2" not in result.stderr
    assert refused.exit_code == 2
    assert "ingest reindex --collection notes" in refused.stderr


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--rollback", "--chunk-tokens", "64"], "it takes no splitting"),
        (["--rollback"], "'notes' has no version to go back to"),
        (["--chunk-tokens", "4"], "--chunk-tokens 4: it must be 8 to"),
        (["--embedding", "langchain:nowhere.Nothing"], "'nowhere'"),
        (["--collection", "papers"], "no collection 'papers'"),
    ],
)
def test_a_reindex_that_cannot_be_changes_nothing(options: list[str], fault: str) -> None:
    result = run("reindex", *options)

    assert result.exit_code == 2
    assert fault in result.stderr


def test_two_reindexes_of_a_collection_do_not_meet(home: Path) -> None:
    with alone(home, "notes"):
        result = run("reindex", "--chunk-tokens", "64")

    assert result.exit_code == 2
    assert "'notes' is being reindexed by another process" in result.stderr
