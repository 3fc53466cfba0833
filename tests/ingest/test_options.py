from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from ingest.cli import app


def refused(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["add", *map(str, arguments), "--json"])
    assert result.exit_code == 2
    report: dict[str, Any] = orjson.loads(result.stdout)
    return report


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))


def test_what_the_options_pass_over_is_in_the_report(tmp_path: Path) -> None:
    for name in ("a.md", "b.txt"):
        (tmp_path / name).write_text("x")

    report = refused(tmp_path, "--exclude", "*.md", "--include", "*.rst", "--include", "*.md")

    assert report["skipped"] == [
        {"reason": "excluded by --exclude", "files": 1},
        {"reason": "not among --include", "files": 1},
    ]


def test_a_pattern_that_is_none_is_named(tmp_path: Path) -> None:
    report = refused(tmp_path, "--exclude", "a[z-a")

    assert report["error"] == "InvalidRequestError"
    assert "'a[z-a'" in report["detail"]


@pytest.mark.parametrize("wrong", [["--strategy", "words"], ["--chunk-tokens", "many"]])
def test_a_wrong_value_is_a_usage_error_that_names_the_option(wrong: list[str]) -> None:
    result = CliRunner().invoke(app, ["add", "notes", *wrong])

    assert result.exit_code == 2
    assert f"Invalid value for '{wrong[0]}'" in result.stderr
