from __future__ import annotations

from pathlib import Path

import pytest

from ingest.report_file import check_report, open_report
from ingest.report_options import Reporting
from rag_core.errors import InvalidRequestError


@pytest.mark.parametrize("report", ["docs/.report.jsonl", "docs/report.out", "docs2/r.jsonl"])
def test_a_report_may_lie_where_it_is_not_met(report: str) -> None:
    check_report(Reporting(report=Path(report)), [Path("docs"), Path("a.md")])


@pytest.mark.parametrize("report", ["docs/r.jsonl", "docs/sub/r.txt", "a.md"])
def test_a_report_may_not_lie_among_the_files(report: str) -> None:
    with pytest.raises(InvalidRequestError, match="would be ingested itself"):
        check_report(Reporting(report=Path(report)), [Path("docs"), Path("a.md")])


def test_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "report").write_text('{"source":"/a","status":"added"}\n')

    open_report(tmp_path / "report").close()

    assert (tmp_path / "report").read_text() == ""


def test_a_file_that_is_no_report_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    with pytest.raises(InvalidRequestError, match="name another file"):
        open_report(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_done(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidRequestError, match="Is a directory"):
        open_report(tmp_path)
