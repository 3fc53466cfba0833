from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.cli import app
from tests.pdfs import make_pdf

MANY = 300
INGEST = [sys.executable, "-m", "ingest"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "rhine.md").write_text("# Rhine\n\nIt flows through Basel and Cologne.\n")
    (folder / "danube.md").write_text("# Danube\n\nIt flows through Vienna and Budapest.\n")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(run(*arguments, "--json").stdout)
    return result


def start(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*INGEST, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.usefixtures("home")
def test_add_says_what_became_of_the_files(folder: Path) -> None:
    result = run("add", folder)

    assert result.exit_code == 0
    assert "2 added, 0 updated, 0 unchanged, 0 failed" in result.stdout


@pytest.mark.usefixtures("home")
def test_add_as_json_has_the_documented_keys(folder: Path) -> None:
    (folder / "picture.png").write_bytes(b"x")

    report = run_json("add", folder)

    keys = "collection files added updated unchanged failed skipped warnings chunks embedded "
    keys += (
        "reused seconds interrupted error detail quarantined slowest log report_problem outcomes"
    )
    assert list(report) == keys.split()
    assert report["skipped"] == [{"reason": "no loader for .png", "files": 1}]
    assert (report["added"], report["error"]) == (2, None)


@pytest.mark.usefixtures("home")
def test_a_bad_file_is_exit_code_1_with_its_reason(folder: Path) -> None:
    (folder / "[red]bad.pdf").write_bytes(b"%PDF-1.7 garbage")

    result = run("add", folder)

    assert result.exit_code == 1
    assert f"failed: {folder}/[red]bad.pdf: " in result.stdout
    assert "2 added" in result.stdout


@pytest.mark.usefixtures("home")
def test_a_path_that_does_not_exist_is_exit_code_2(tmp_path: Path) -> None:
    result = run("add", tmp_path / "none")

    assert result.exit_code == 2
    assert f"no such file or folder: '{tmp_path}/none'" in result.stdout


@pytest.mark.usefixtures("home")
def test_an_empty_folder_is_exit_code_2_and_said_plainly(tmp_path: Path) -> None:
    result = run("add", tmp_path)

    assert result.exit_code == 2
    assert result.stdout == f"nothing to ingest under {tmp_path}\n"


@pytest.mark.usefixtures("home")
def test_metadata_that_is_not_key_value_is_a_usage_error(folder: Path) -> None:
    result = run("add", folder, "--metadata", "team")

    assert result.exit_code == 2
    assert "'team' is not key=value" in result.stderr


@pytest.mark.usefixtures("home")
def test_list_prints_a_line_with_tabs_for_each_document(folder: Path) -> None:
    run("add", folder, "-m", "team=a")

    lines = run("list").stdout.splitlines()

    assert lines[0].split("\t") == ["source", "title", "chunks", "tokens", "id"]
    assert [line.split("\t")[1] for line in lines[1:]] == ["Danube", "Rhine"]
    assert run_json("list")["documents"][0]["metadata"] == {"team": "a"}


@pytest.mark.usefixtures("home")
def test_show_finds_a_document_by_path_and_by_id(folder: Path) -> None:
    run("add", folder)

    shown = run_json("show", folder / "rhine.md")

    assert shown["text"] == "# Rhine\n\nIt flows through Basel and Cologne.\n"
    told = run("show", shown["id"]).stdout
    assert f"source: {folder}/rhine.md" in told
    assert ", chunks: 1, tokens: " in told


@pytest.mark.usefixtures("home")
def test_search_prints_the_best_passage_first(folder: Path) -> None:
    run("add", folder)

    result = run_json("search", "Which river goes through Budapest?", "--top-k", "1")

    assert [passage["title"] for passage in result["passages"]] == ["Danube"]
    assert "1. Danube" in run("search", "Budapest").stdout


@pytest.mark.usefixtures("home")
def test_search_prints_the_keys_that_its_help_names(folder: Path) -> None:
    run("add", folder)
    told = re.search(r"Keys of --json: (.*?)\.\n", run("search", "--help").stdout, re.DOTALL)

    result = run_json("search", "Budapest")

    names = re.findall(r"\w+", told[1]) if told else []
    assert sorted(names) == sorted([*result, *result["passages"][0]])


@pytest.mark.usefixtures("home")
def test_search_keeps_to_a_filter(folder: Path) -> None:
    run("add", folder, "--metadata", "year=2020")

    def find(condition: str) -> list[str]:
        return [one["title"] for one in run_json("search", "x", "--filter", condition)["passages"]]

    assert find("title = Rhine and year > 2019") == ["Rhine"]
    assert find('{"type": "ne", "key": "title", "value": "Rhine"}') == ["Danube"]
    assert find("year < 2020") == []
    assert run_json("search", "x", "--filter", "year < 2020")["empty"] == "filtered_out"
    assert "allows no document" in run("search", "x", "--filter", "year < 2020").stdout


@pytest.mark.usefixtures("home")
def test_remove_takes_a_document_out_of_the_search(folder: Path) -> None:
    run("add", folder)

    result = run("remove", folder / "danube.md")

    assert (result.exit_code, result.stdout) == (0, f"removed: {folder}/danube.md\n")
    assert [one["title"] for one in run_json("search", "Budapest")["passages"]] == ["Rhine"]


@pytest.mark.usefixtures("home")
def test_remove_asks_before_a_folder_goes(folder: Path) -> None:
    run("add", folder)

    assert run("remove", folder).exit_code == 2
    assert len(run_json("list")["documents"]) == 2
    assert run("remove", folder, "--yes").exit_code == 0
    assert run_json("list")["documents"] == []


@pytest.mark.usefixtures("home")
def test_a_document_that_is_not_there_is_exit_code_2_or_1_when_others_were(folder: Path) -> None:
    run("add", folder)

    assert run("remove", "none").exit_code == 2
    result = run_json("remove", folder / "rhine.md", "none")
    assert result["missing"] == ["none"]


@pytest.mark.usefixtures("home")
def test_an_unknown_collection_is_one_sentence_and_exit_code_2() -> None:
    result = run("list", "--collection", "nowhere")

    assert result.exit_code == 2
    assert result.stderr.startswith("ingest: no collection 'nowhere'; there are:")
    assert run_json("list", "-c", "nowhere")["error"] == "CollectionNotFoundError"


@pytest.mark.usefixtures("home")
def test_status_tells_of_every_part(folder: Path) -> None:
    run("add", folder)

    status = run_json("status")

    assert {part["state"] for part in status["parts"]} == {"ok"}
    assert [part["part"] for part in status["parts"]][:2] == ["embedding model", "catalog"]
    (one,) = [one for one in status["collections"] if one["name"] == os.environ["RAG_COLLECTION"]]
    options = [one[name] for name in ("chunk_tokens", "overlap_tokens", "strategy")]
    assert options == [256, 0, "structure"]


def test_a_wrong_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "many")

    result = run("list")

    assert result.exit_code == 2
    assert result.stderr.startswith("ingest: settings: RAG_PORT='many'")


def test_a_reader_who_leaves_early_gets_no_complaint(tmp_path: Path) -> None:
    environment = {**os.environ, "RAG_HOME": str(tmp_path / "absent"), "RAG_COLLECTION": "x"}
    reading, writing = os.pipe()
    os.close(reading)

    shown = subprocess.run(
        [*INGEST, "add", str(tmp_path)],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )

    os.close(writing)
    assert (shown.returncode, shown.stderr) == (1, b"")


def test_every_command_documents_its_exit_codes() -> None:
    everyday = ("add", "list", "show", "remove", "search", "status")
    upkeep = ("verify", "repair", "rebuild", "reindex", "export", "import", "compact")
    for command in (*everyday, *upkeep):
        assert "Exit codes: 0 all done" in run(command, "--help").stdout


def test_help_does_not_wait_for_the_libraries() -> None:
    program = "import sys, ingest.cli; print('numpy' in sys.modules, 'pydantic' in sys.modules)"

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert shown.stdout == b"False False\n"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More files than are under way at once, with texts that no other test has."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number:03}.txt").write_text(f"River {number} of {time.monotonic_ns()}")
    return folder


def count_vectors(home: Path) -> int:
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as connection:
        (held,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    return int(held)


def wait_for_vectors(home: Path, *, more_than: int) -> None:
    deadline = time.monotonic() + 30
    while count_vectors(home) <= more_than:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_is_lost_and_nothing_twice_after_kill_9(home: Path, many: Path) -> None:
    run("status")
    before = count_vectors(home)
    with start("add", many) as killed:
        wait_for_vectors(home, more_than=before)
        killed.kill()
    saved = count_vectors(home) - before

    report = run_json("add", many)

    documents = run_json("list")["documents"]
    assert len({one["source"] for one in documents}) == len(documents) == MANY
    assert report["embedded"] == MANY - saved < MANY
    assert {part["state"] for part in run_json("status")["parts"]} == {"ok"}


def test_ctrl_c_finishes_the_batch_and_is_exit_code_130(home: Path, many: Path) -> None:
    run("status")
    before = count_vectors(home)
    with start("add", many) as interrupted:
        wait_for_vectors(home, more_than=before)
        interrupted.send_signal(signal.SIGINT)
        output, errors = interrupted.communicate(timeout=30)

    assert interrupted.returncode == 130
    assert b"interrupted: what is done stays" in output
    assert b"Traceback" not in errors
    assert run("add", many).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["add"],
        ["add", "x", "--metadata", "year"],
        ["search", "x", "--top-k", "0"],
        ["search", "\udcff"],
        ["search", "x", "--filter", "year >"],
        ["search", "x", "--filter", '{"type": "eq", "key": "titel", "value": "x"}'],
        ["list", "--collection", "\udcff"],
        ["frobnicate"],
        ["list", "--nonsense"],
    ],
)
def test_wrong_usage_with_json_is_one_json_object_too(arguments: list[str]) -> None:
    done = subprocess.run([*INGEST, *arguments, "--json"], capture_output=True, check=False)

    assert orjson.loads(done.stdout)["error"] == "InvalidRequestError"
    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.usefixtures("home")
def test_removed_is_removed_though_chroma_is_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", folder)
    monkeypatch.setenv("CHROMA_URL", "http://127.0.0.1:9")

    result = run("remove", folder / "rhine.md")

    assert (result.exit_code, len(run_json("list")["documents"])) == (0, 1)
    assert "the next ingest clears the index" in result.stderr


@pytest.mark.usefixtures("home")
def test_passwords_open_what_asks_for_one_and_are_stored_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf(["Secret words."], password="k3y-9ff"))  # noqa: S106

    without, given = run_json("add", tmp_path), run_json("add", tmp_path, "--password", "k3y-9ff")

    assert (without["failed"][0]["error"], given["added"]) == ("EncryptedDocumentError", 1)
    assert "--password" in without["failed"][0]["detail"]
    assert "k3y-9ff" not in run("show", tmp_path / "a.pdf", "--json").stdout


@pytest.mark.usefixtures("home")
def test_a_collection_is_cut_as_its_first_add_said(folder: Path) -> None:
    (folder / "long.md").write_text("The Rhine is a long river in Europe. " * 40)
    run("add", folder, "--chunk-tokens", "64", "--overlap", "16", "--strategy", "sentences")

    listed = run_json("list")
    other = run_json("add", folder, "--chunk-tokens", "128")

    options = [listed[name] for name in ("chunk_tokens", "overlap_tokens", "strategy")]
    assert options == [64, 16, "sentences"]
    assert listed["documents"][1]["chunks"] > 5
    assert other["error"] == "SplittingMismatchError"
    assert run("add", folder).exit_code == 0


@pytest.mark.usefixtures("home")
def test_a_collection_reads_the_fields_that_its_first_add_said(folder: Path) -> None:
    records = folder / "records.jsonl"
    records.write_text('{"text": "The Elbe", "secret": "x"}\n{"text": "The Oder", "secret": "y"}\n')
    run("add", records, "--field", "text")

    shown = run_json("show", records)
    other = run_json("add", records, "--field", "secret")

    assert "Elbe" in shown["text"]
    assert "secret" not in shown["text"]
    assert run_json("list")["fields"] == ["text"]
    assert other["error"] == "InvalidRequestError"
    assert "reads of JSON records the fields text, not secret" in other["detail"]
    assert run_json("add", records)["unchanged"] == 1
