from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.cli import app
from rag_core.catalog.collections import get_collection
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.quarantine import FailedFile, remember_failure
from tests.ingest.archives_support import make_zip

MODEL = "langchain:tests.embeddings.WordEmbeddings"


def enter(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder, in a collection of its name."""
    monkeypatch.setenv("RAG_HOME", str(home))
    monkeypatch.setenv("EMBEDDING_MODEL", MODEL)
    monkeypatch.setenv("RAG_COLLECTION", folder.name)
    monkeypatch.chdir(folder)


def fill(folder: Path) -> Path:
    """A file in quarantine, beside a good one in the index."""
    (folder / "docs").mkdir()
    (folder / "docs" / "good.md").write_text("# Rhine\n\nIt flows.\n")
    (folder / "docs" / "bad.md").write_text(" \n")
    assert run("add", "docs", "-m", "team=a").exit_code == 1
    return folder / "docs" / "bad.md"


@pytest.fixture
def bad(tmp_path: Path, ingest_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in quarantine of which a test may do what it likes."""
    enter(ingest_home, tmp_path, monkeypatch)
    return fill(tmp_path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, ingest_home: Path) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(ingest_home, folder, monkeypatch)
        return fill(folder)


@pytest.fixture
def known(filled: Path, ingest_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in quarantine that stays as it is, for several tests."""
    enter(ingest_home, filled.parents[1], monkeypatch)
    return filled


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(run(*arguments, "--json").stdout)
    return result


async def remember(home: Path, collection: str, source: str) -> None:
    failed = FailedFile(source, b"", 1, "UnreadableDocumentError", "it is broken", "1.0", None)
    async with open_catalog(f"sqlite:///{home / 'catalog.sqlite3'}") as catalog:
        stored = await get_collection(catalog, collection)
        await remember_failure(catalog, stored, failed)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    return map(orjson.loads, path.read_bytes().splitlines())


def test_a_known_failure_is_exit_code_1_unless_it_is_to_be_ignored(bad: Path) -> None:
    again = run("add", "docs")

    assert again.exit_code == 1
    assert f"quarantined: {bad}: 'bad.md' holds no text (1 failure, " in again.stdout
    assert run("add", "docs", "--ignore-quarantined").exit_code == 0
    bad.write_text("")
    assert run("add", "docs", "--ignore-quarantined").exit_code == 1


def test_the_quarantine_is_listed_with_reasons(known: Path) -> None:
    result, as_json = run("quarantine"), run_json("quarantine")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split("\t") == [
        *["source", "reason", "failures", "last failed"]
    ]
    assert result.stdout.splitlines()[1].startswith(f"{known}\t'bad.md' holds no text\t1\t")
    (item,) = as_json["quarantined"]
    keys = "source error detail failures first_failed_at last_failed_at size_bytes content_hash"
    assert list(item) == [*keys.split(), "program"]


def test_a_retry_that_fails_is_exit_code_1_and_one_that_succeeds_0(bad: Path) -> None:
    assert run("retry").exit_code == 1
    assert run_json("quarantine")["quarantined"][0]["failures"] == 2
    bad.write_text("# Better\n")

    result = run("retry", "docs")

    assert (result.exit_code, "1 added" in result.stdout) == (0, True)
    assert run("quarantine").stdout == f"{bad.parents[1].name}: nothing is in quarantine\n"
    listed = {one["title"]: one["metadata"] for one in run_json("list")["documents"]}
    assert listed["Better"] == {"team": "a"}


def test_a_member_of_an_archive_is_tried_again_alone(bad: Path) -> None:
    archive = make_zip(bad.parent / "notes.zip", {"bad.md": b" ", "good.md": b"# Elbe"})
    run("add", archive)

    report = run_json("retry", archive)

    assert [fault["source"] for fault in report["failed"]] == [f"{archive}!/bad.md"]
    assert report["files"] == 1


def test_a_retry_of_nothing_is_exit_code_0_and_of_an_unknown_name_2(bad: Path) -> None:
    unknown = run("retry", "docs/good.md")
    bad.write_text("# Better\n")
    run("retry", bad)

    assert unknown.exit_code == 2
    assert "not in quarantine: docs/good.md" in unknown.stderr
    assert run("retry").stdout == f"{bad.parents[1].name}: nothing is in quarantine\n"
    assert run_json("retry")["files"] == 0


def test_what_came_by_standard_input_is_tried_when_it_is_given_again(
    bad: Path, ingest_home: Path
) -> None:
    run("remove", bad)
    asyncio.run(remember(ingest_home, bad.parents[1].name, "note.pdf"))

    result = run("retry")

    assert result.exit_code == 1
    assert "note.pdf is not kept here: it is tried when it is given again" in result.stderr
    assert run_json("quarantine")["quarantined"] == []


def test_a_page_of_a_private_network_can_be_tried_again(bad: Path) -> None:
    with serving_folder(bad.parent) as url:
        run("add", f"{url}/bad.md", "--allow-private")
        refused = run_json("retry", f"{url}/bad.md")["failed"]
        tried = run_json("retry", f"{url}/bad.md", "--allow-private")["failed"]

    assert "--allow-private" in refused[0]["detail"]
    assert tried[0]["detail"] == "'bad.md' holds no text"


def test_a_file_that_is_gone_is_reported_and_forgotten(bad: Path) -> None:
    bad.unlink()

    result = run("retry")

    assert result.exit_code == 2
    assert f"no such file or folder: '{bad}'" in result.stdout
    assert run_json("quarantine")["quarantined"] == []


def test_remove_forgets_what_is_in_quarantine(bad: Path) -> None:
    result = run_json("remove", "docs/bad.md")

    assert result == {
        "collection": bad.parents[1].name,
        "removed": [],
        "missing": [],
        "forgotten": [str(bad)],
    }
    assert run("remove", "docs/bad.md").exit_code == 2


def test_an_unknown_collection_is_exit_code_2(known: Path) -> None:
    assert known.exists()
    assert run("quarantine", "-c", "none").exit_code == 2
    assert run("retry", "-c", "none").exit_code == 2


def test_each_file_has_a_line_in_the_report_and_an_entry_in_the_json(
    known: Path, tmp_path: Path
) -> None:
    result = run_json("add", "docs", "docs/none.md", "--report", tmp_path / "report.jsonl")

    outcomes = list(read_lines(tmp_path / "report.jsonl"))
    assert outcomes == result["outcomes"]
    keys = "source status error detail chunks tokens pages seconds warnings"
    assert [list(one) for one in outcomes] == [keys.split()] * 3
    assert {one["source"]: one["status"] for one in outcomes} == {
        str(known.parent / "none.md"): "failed",
        str(known): "quarantined",
        str(known.parent / "good.md"): "unchanged",
    }


def test_a_report_replaces_an_earlier_one_and_nothing_else(known: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    refused = run("add", "docs", "--report", tmp_path / "mine.txt")

    assert refused.exit_code == 2
    assert "mine.txt' is there, and no report" in refused.stderr
    assert (tmp_path / "mine.txt").read_text() == "precious"
    for _ in range(2):
        assert run("add", known, "--report", tmp_path / "report.jsonl").exit_code == 1
    assert len(list(read_lines(tmp_path / "report.jsonl"))) == 1


def test_a_report_that_would_be_ingested_itself_is_refused(known: Path) -> None:
    result = run("add", "docs", "--report", "docs/report.jsonl")

    assert result.exit_code == 2
    assert f"report '{known.parent}/report.jsonl' would be ingested itself" in result.stderr
    assert not (known.parent / "report.jsonl").exists()


@pytest.mark.usefixtures("known")
def test_a_report_that_cannot_be_written_is_exit_code_2_and_on_a_full_disk_1() -> None:
    refused = run("add", "docs", "--report", "/")
    full = run("add", "docs", "--ignore-quarantined", "--report", "/dev/full")

    assert (refused.exit_code, full.exit_code) == (2, 1)
    assert "Is a directory" in refused.stderr
    assert "not whole: No space left on device" in full.stdout


def test_the_log_names_every_file_and_no_text_or_password(known: Path) -> None:
    result = run("add", "docs", "--password", "k3y-9ff")

    path = Path(result.stdout.splitlines()[-1].removeprefix("log: "))
    log = path.read_text()
    assert f"ERROR quarantined: {known}: EmptyDocumentError: 'bad.md' holds no text" in log
    assert f"INFO unchanged: {known.parent}/good.md: chunks: 1" in log
    assert " INFO begin: add docs\n" in log
    assert " INFO end: files: 2, " in log
    assert "k3y-9ff" not in log
    assert "It flows" not in log


def test_a_logs_folder_that_takes_nothing_stops_nothing(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "logs").touch()
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    bad.write_text("# Better\n")

    result = run("add", "docs", "--json")

    report = orjson.loads(result.stdout)
    assert (report["added"], report["log"]) == (2, None)
    assert result.stderr.count("no log file: ") == 1
