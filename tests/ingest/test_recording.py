from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from ingest.outcome import Outcome
from ingest.recording import recording
from ingest.report import Tally
from ingest.report_options import Reporting
from rag_core.errors import CatalogUnavailableError, ConfigurationError
from rag_core.settings import Settings

ADDED = Outcome("/a.pdf", "added", chunks=3, tokens=99, pages=2, seconds=0.25, warnings=("w",))


def settings(home: Path, **values: str) -> Settings:
    return Settings(RAG_HOME=home, _env_file=None, **values)


def read_log(home: Path) -> str:
    (path,) = (home / "logs").iterdir()
    return path.read_text()


def test_a_line_of_the_report_stands_in_the_file_while_the_ingest_goes_on(tmp_path: Path) -> None:
    reporting = Reporting(report=tmp_path / "report.jsonl")

    with recording(
        settings(tmp_path), work="add", sources=["x"], reporting=reporting, listed=False
    ) as written:
        written.tell(ADDED)

        (line,) = (tmp_path / "report.jsonl").read_bytes().splitlines()
        assert Outcome(**{**orjson.loads(line), "warnings": ("w",)}) == ADDED


def test_outcomes_are_kept_in_memory_only_for_json(tmp_path: Path) -> None:
    for listed in (True, False):
        with recording(
            settings(tmp_path), work="add", sources=["x"], reporting=Reporting(), listed=listed
        ) as written:
            written.tell(ADDED)

            assert written.finish(Tally("c").report()).outcomes == ((ADDED,) if listed else ())


def test_what_stops_an_ingest_is_in_the_log(tmp_path: Path) -> None:
    with (
        pytest.raises(CatalogUnavailableError),
        recording(
            settings(tmp_path), work="add", sources=["x"], reporting=Reporting(), listed=False
        ),
    ):
        raise CatalogUnavailableError("the database is gone")

    assert read_log(tmp_path).endswith(
        "ERROR stopped: CatalogUnavailableError: the database is gone\n"
    )


def test_the_log_says_what_matters_and_no_secret(tmp_path: Path) -> None:
    secret = settings(
        tmp_path,
        DATABASE_URL="postgresql://me:k3y-1@localhost/rag",
        CHROMA_URL="https://me:k3y-2@localhost",
        CHROMA_TOKEN="k3y-3",  # noqa: S106
        OPENAI_API_KEY="k3y-4",
    )

    with recording(
        secret, work="add", sources=["x"], reporting=Reporting(), listed=False
    ) as written:
        written.finish(replace(Tally("c", skipped={"hidden": 2}).report(), files=7))

    log = read_log(tmp_path)
    assert "k3y" not in log
    for part in ("begin: add x", "Python 3.", "embedding: local, int8", "localhost/rag"):
        assert part in log
    assert "INFO skipped: 2, hidden" in log
    assert "INFO end: files: 7, added: 0," in log


def test_a_wrong_database_is_refused_as_ever(tmp_path: Path) -> None:
    wrong = settings(tmp_path, DATABASE_URL="mysql://localhost/rag")

    with (
        pytest.raises(ConfigurationError),
        recording(wrong, work="add", sources=["x"], reporting=Reporting(), listed=False),
    ):
        pass
