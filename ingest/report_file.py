"""The file of `--report`: where it may lie, and what it may replace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.lines import LineFile
from ingest.plan import SUFFIXES, name_source
from ingest.report_options import Reporting
from rag_core.errors import InvalidRequestError


def check_report(reporting: Reporting, paths: Sequence[Path]) -> None:
    """Keep a report from being ingested by the run that it is of, and by each after it.

    Raises:
        InvalidRequestError: it would be.
    """
    if reporting.report is None:
        return
    report = name_source(str(reporting.report))
    if any(_is_met(report, name_source(str(path))) for path in paths):
        raise InvalidRequestError(
            f"the report {report!r} would be ingested itself: name one in another folder, or "
            "with a dot before its name"
        )


def _is_met(report: str, path: str) -> bool:
    """Whether this file is met on the way through a path."""
    below = report.removeprefix(path.rstrip("/") + "/")
    if below == report:
        return report == path
    hidden = any(part.startswith(".") for part in below.split("/"))
    return not hidden and Path(report).suffix.lower() in SUFFIXES


def open_report(path: Path) -> LineFile:
    """Open it, in place of an earlier report.

    Raises:
        InvalidRequestError: it cannot be written, or is something else.
    """
    if path.is_file() and not _is_report(path):
        raise InvalidRequestError(f"{str(path)!r} is there, and no report: name another file")
    lines = LineFile(path)
    if lines.problem is not None:
        raise InvalidRequestError(f"cannot write {str(path)!r}: {lines.problem}")
    return lines


def _is_report(path: Path) -> bool:
    """Whether a file may be overwritten: it is empty, or an earlier report."""
    try:
        with path.open("rb") as file:
            return file.read(11) in {b"", b'{"source":"'}
    except OSError as error:
        raise InvalidRequestError(f"cannot write {str(path)!r}: {error.strerror}") from error
