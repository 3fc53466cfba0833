from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.cli import app
from tests.ingest.archives_support import make_zip

MODEL = "langchain:tests.embeddings.WordEmbeddings"


@pytest.fixture
def bad(tmp_path: Path, ingest_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in quarantine, in a folder with a good one, in a collection of its own."""
    monkeypatch.setenv("RAG_HOME", str(ingest_home))
    monkeypatch.setenv("EMBEDDING_MODEL", MODEL)
    monkeypatch.setenv("RAG_COLLECTION", tmp_path.name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text("# Rhine\n\nIt flows.\n")
    (tmp_path / "docs" / "bad.md").write_text(" \n")
    assert run("add", "docs", "-m", "team=a").exit_code == 1
    return tmp_path / "docs" / "bad.md"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(run(*arguments, "--json").stdout)
    return result


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    return map(orjson.loads, path.read_bytes().splitlines())


def test_a_known_failure_is_exit_code_1_unless_it_is_to_be_ignored(bad: Path) -> None:
    again = run("add", "docs")

    assert again.exit_code == 1
    assert f"quarantined: {bad}: 'bad.md' holds no text (1 failure, " in again.stdout
    assert run("add", "docs", "--ignore-quarantined").exit_code == 0
    bad.write_text("")
    assert run("add", "docs", "--ignore-quarantined").exit_code == 1


def test_the_quarantine_is_listed_with_reasons(bad: Path) -> None:
    result, as_json = run("quarantine"), run_json("quarantine")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split("\t") == [
        *["source", "reason", "failures", "last failed"]
    ]
    assert result.stdout.splitlines()[1].startswith(f"{bad}\t'bad.md' holds no text\t1\t")
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


def test_an_unknown_collection_is_exit_code_2(bad: Path) -> None:
    assert bad.exists()
    assert run("quarantine", "-c", "none").exit_code == 2
    assert run("retry", "-c", "none").exit_code == 2


def test_each_file_has_a_line_in_the_report_and_an_entry_in_the_json(
    bad: Path, tmp_path: Path
) -> None:
    result = run_json("add", "docs", "docs/none.md", "--report", "report.jsonl")

    outcomes = list(read_lines(tmp_path / "report.jsonl"))
    assert outcomes == result["outcomes"]
    keys = "source status error detail chunks tokens pages seconds warnings"
    assert [list(one) for one in outcomes] == [keys.split()] * 3
    assert {one["source"]: one["status"] for one in outcomes} == {
        str(bad.parent / "none.md"): "failed",
        str(bad): "quarantined",
        str(bad.parent / "good.md"): "unchanged",
    }


def test_a_report_replaces_an_earlier_one_and_nothing_else(bad: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    refused = run("add", "docs", "--report", "mine.txt")

    assert refused.exit_code == 2
    assert "mine.txt' is there, and no report" in refused.stderr
    assert (tmp_path / "mine.txt").read_text() == "precious"
    for _ in range(2):
        assert run("add", bad, "--report", "report.jsonl").exit_code == 1
    assert len(list(read_lines(tmp_path / "report.jsonl"))) == 1


def test_a_report_that_would_be_ingested_itself_is_refused(bad: Path) -> None:
    result = run("add", "docs", "--report", "docs/report.jsonl")

    assert result.exit_code == 2
    assert f"report '{bad.parent}/report.jsonl' would be ingested itself" in result.stderr
    assert not (bad.parent / "report.jsonl").exists()


@pytest.mark.usefixtures("bad")
def test_a_report_that_cannot_be_written_is_exit_code_2_and_on_a_full_disk_1() -> None:
    refused = run("add", "docs", "--report", "/")
    full = run("add", "docs", "--ignore-quarantined", "--report", "/dev/full")

    assert (refused.exit_code, full.exit_code) == (2, 1)
    assert "Is a directory" in refused.stderr
    assert "not whole: No space left on device" in full.stdout


def test_the_log_names_every_file_and_no_text_or_password(bad: Path) -> None:
    result = run("add", "docs", "--password", "k3y-9ff")

    path = Path(result.stdout.splitlines()[-1].removeprefix("log: "))
    log = path.read_text()
    assert f"ERROR quarantined: {bad}: EmptyDocumentError: 'bad.md' holds no text" in log
    assert f"INFO unchanged: {bad.parent}/good.md: chunks: 1" in log
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
