"""Keeps what an ingest does while it runs: its log file, `--report FILE`, the list for `--json`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import orjson

from ingest.limits import Limits
from ingest.lines import LineFile
from ingest.logbook import Logbook, open_logbook
from ingest.outcome import Outcome
from ingest.program import name_program
from ingest.report import Report
from ingest.report_options import Reporting
from rag_core.catalog.addresses import parse_address
from rag_core.errors import InvalidRequestError
from rag_core.settings import Settings


@dataclass(slots=True)
class Recording:
    """One ingest as it is written down; `tell` is what the pipeline calls for each file."""

    logbook: Logbook
    lines: LineFile | None = None
    """Of `--report`."""
    listed: bool = False
    """Whether the outcomes are to be in the report, too."""
    outcomes: list[Outcome] = field(default_factory=list)

    def tell(self, outcome: Outcome) -> None:
        """Write down what became of a file."""
        self.logbook.tell(outcome)
        if self.lines is not None:
            self.lines.write(orjson.dumps(outcome))
        if self.listed:
            self.outcomes.append(outcome)

    def finish(self, report: Report) -> Report:
        """Write down the end, and put into the report what is known here."""
        for item in report.skipped:
            self.logbook.write("INFO", f"skipped: {item.files}, {item.reason}")
        self.logbook.write("INFO", f"end: {_counts(report)}")
        whole = self.logbook.file.problem is None
        return replace(
            report,
            log=str(self.logbook.file.path) if whole else None,
            report_problem=None if self.lines is None else self.lines.problem,
            outcomes=tuple(self.outcomes),
        )


@contextmanager
def recording(
    settings: Settings, *, work: str, reporting: Reporting, listed: bool
) -> Iterator[Recording]:
    """Open what an ingest is written down in; `work` says in words what is to be done.

    Raises:
        InvalidRequestError: the file of `--report` cannot be written, or is something else.
    """
    lines = None if reporting.report is None else _open_report(reporting.report)
    with open_logbook(settings.home) as logbook:
        _begin(settings, logbook, work)
        try:
            yield Recording(logbook, lines, listed)
        except BaseException as error:
            logbook.write("ERROR", f"stopped: {type(error).__name__}: {error}")
            raise
        finally:
            if lines is not None:
                lines.close()


def _begin(settings: Settings, logbook: Logbook, work: str) -> None:
    limits = Limits()
    facts = {
        "begin": work,
        "version": f"{version('rag')}, Python {platform.python_version()}, {platform.platform()}",
        "home": settings.home,
        "catalog": parse_address(settings.catalog_url).shown,
        "vectors": "a server of its own" if settings.chroma_url is None else "CHROMA_URL",
        "embedding": f"{settings.embedding_model}, {settings.embedding_precision}",
        "parsers": f"{limits.workers} at once, {limits.total_bytes >> 20} MB; "
        + name_program(limits),
    }
    for name, value in facts.items():
        logbook.write("INFO", f"{name}: {value}")


def _open_report(path: Path) -> LineFile:
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


def _counts(report: Report) -> str:
    stopped = "" if report.error is None else f"; stopped by {report.error}: {report.detail}"
    interrupted = "; interrupted" if report.interrupted else ""
    return (
        f"files: {report.files}, added: {report.added}, updated: {report.updated}, "
        f"unchanged: {report.unchanged}, failed: {len(report.failed)}, "
        f"quarantined: {len(report.quarantined)}, chunks: {report.chunks}, "
        f"embedded: {report.embedded}, reused: {report.reused}, "
        f"seconds: {report.seconds}{interrupted}{stopped}"
    )
