"""Keeps what an ingest does while it runs: its log file, `--report FILE`, the list for `--json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import orjson

from ingest.lines import LineFile
from ingest.logbook import Logbook, open_logbook
from ingest.outcome import Outcome
from ingest.program import describe_run
from ingest.report import Report
from ingest.report_file import check_report, open_report
from ingest.report_options import Reporting
from ingest.sources import name_path, show_source
from rag_core.settings import Settings

_WORK_CHARACTERS = 2_000
"""A retry may name a hundred thousand files."""


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
    settings: Settings, *, work: str, sources: Sequence[str], reporting: Reporting, listed: bool
) -> Iterator[Recording]:
    """Open what an ingest is written down in.

    `work` is its command, of these sources.

    Raises:
        InvalidRequestError: the file of `--report` cannot be written, or is something else.
    """
    check_report(reporting, [path for path in map(name_path, sources) if path is not None])
    lines = None if reporting.report is None else open_report(reporting.report)
    with open_logbook(settings.home) as logbook:
        logbook.write("INFO", f"begin: {_shorten(' '.join([work, *map(show_source, sources)]))}")
        for name, value in describe_run(settings).items():
            logbook.write("INFO", f"{name}: {value}")
        try:
            yield Recording(logbook, lines, listed)
        except BaseException as error:
            logbook.write("ERROR", f"stopped: {type(error).__name__}: {error}")
            raise
        finally:
            if lines is not None:
                lines.close()


def _shorten(work: str) -> str:
    return work if len(work) <= _WORK_CHARACTERS else f"{work[:_WORK_CHARACTERS]}…"


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
