from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.ingest.test_cli import run, run_json

ROOT = Path(__file__).parents[2]
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
    counts, renamed, removed, _, proof = result.stdout.splitlines()[1:]
    assert counts == "1 renamed, 1 removed"
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


def start(
    *arguments: object, stderr: int = subprocess.DEVNULL, **changed: str
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ingest", *map(str, arguments)]
    environment = {**os.environ, **changed, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr)


def next_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    line: dict[str, Any] = orjson.loads(process.stdout.readline())
    return line


def test_a_watch_sees_a_new_file_and_ends_when_it_is_told(folder: Path) -> None:
    with start("watch", folder, "--json", "--settle", "0.2") as process:
        assert next_line(process)["added"] == 3
        (folder / "po.md").write_text("# Po\n\nThe po is a long river.\n")
        assert next_line(process)["added"] == 1
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0


def test_a_watch_tells_a_person_that_it_waits(folder: Path) -> None:
    with start("watch", folder, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"watching; Ctrl-C ends it\n"
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0


def test_a_watch_outlives_a_chroma_that_does_not_answer(folder: Path) -> None:
    with start("watch", folder, "--json", CHROMA_URL="http://127.0.0.1:1") as process:
        errors = [next_line(process)["error"] for _ in range(2)]
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 0
    assert errors == ["VectorsUnavailableError", "VectorsUnavailableError"]


def read_list() -> list[str]:
    return [one["source"] for one in run_json("list")["documents"]]


def test_a_killed_sync_goes_on_with_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.txt").write_text(f"It says {number}.\n")
    run("sync", folder)
    for number in range(60, 120):
        (folder / f"{number}.txt").write_text(f"It says {number}.\n")
    for number in range(0, 60, 2):
        (folder / f"{number}.txt").rename(folder / f"new-{number}.txt")
    for number in range(1, 20, 2):
        (folder / f"{number}.txt").unlink()
    for _ in range(2):
        with start("sync", folder) as process:
            time.sleep(random.uniform(0.5, 2.0))  # noqa: S311
            process.kill()

    report = run_json("sync", folder)

    assert (report["failed"], report["proof"]["proven"]) == ([], True)
    assert read_list() == sorted(map(str, folder.iterdir()))
    assert run("verify", "--collection", os.environ["RAG_COLLECTION"]).exit_code == 0
