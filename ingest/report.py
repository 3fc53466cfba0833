"""What an ingest did: a Tally while it runs, a Report when it is over."""

from __future__ import annotations

import heapq
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ingest.grouping import tell_each
from ingest.outcome import Fault, Held, Outcome, Skipped, Slow, Warned
from rag_core.catalog.documents import DocumentSummary, StagedDocument
from rag_core.catalog.quarantine import Quarantined
from rag_core.errors import DocumentError, RagError

_SLOWEST = 5
_SLOW_SECONDS = 2.0
"""A person hears of files from here on."""

_LEAST_SHARE = 0.01
"""Of the bytes: what one small file took says nothing of the time that the rest will take."""

Listener = Callable[[Outcome], None]
"""Called once for each file, as soon as it is through."""


def hear_nothing(outcome: Outcome) -> None:
    """Stand in where nobody listens."""
    del outcome


_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control and format characters, half characters, line separators."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one ingest; its fields are the keys of `ingest add --json`."""

    collection: str
    files: int
    """That were to be ingested: the planned ones."""
    added: int
    updated: int
    """Replaced by a new version, because the bytes or the metadata changed."""
    unchanged: int
    """Skipped without parsing, because bytes and metadata are the same."""
    failed: tuple[Fault, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[Warned, ...]
    chunks: int
    """Of the documents added and updated."""
    embedded: int
    """Texts that the embedding model saw."""
    reused: int
    """Chunks whose vectors the catalog had already."""
    seconds: float
    interrupted: bool
    error: str | None
    """The class name of what stopped the ingest in the middle; None when nothing did."""
    detail: str | None
    """The same in one sentence."""
    quarantined: tuple[Held, ...]
    slowest: tuple[Slow, ...]
    """The files whose parsers took longest, those first."""
    log: str | None = None
    """The file with all that happened; None when there is none, or it could not be written."""
    report_problem: str | None = None
    """Why the file of `--report` is not whole; None when it is, or none was asked for."""
    outcomes: tuple[Outcome, ...] = ()
    """One for each file that is through, in the order of their ends."""

    @property
    def exit_code(self) -> int:
        """0 all done, 1 a part failed, 2 there was nothing to ingest, 130 interrupted."""
        return max(self.exit_code_of_tried, 1 if self.quarantined else 0)

    @property
    def exit_code_of_tried(self) -> int:
        """The same, whatever is in quarantine."""
        if self.interrupted:
            return 130
        if self.error is not None or self.report_problem is not None:
            return 1
        if self.files == 0:
            return 2
        return 1 if self.failed else 0


@dataclass(slots=True)
class Tally:
    """The counts of an ingest that is under way; every stage adds to it."""

    collection: str
    files: int = 0
    total_bytes: int = 0
    """Of all planned files."""
    done_bytes: int = 0
    """Of the files that are through, in whichever way."""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    failed: list[Fault] = field(default_factory=list)
    unplanned: int = 0
    """Of the failed: paths that are not among the planned files."""
    quarantined: list[Held] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """A heap of the slowest files, by the seconds of their parsers."""
    tell: Listener = hear_nothing
    """Hears of each file that is through."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    failure: RagError | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Planned files that are through, in whichever way."""
        stored = self.added + self.updated + self.unchanged
        return stored + len(self.quarantined) + len(self.failed) - self.unplanned

    @property
    def seconds(self) -> float:
        """Since the ingest began."""
        return time.monotonic() - self.started

    @property
    def chunks_per_second(self) -> float:
        """Embedded or reused, on average since the ingest began."""
        return (self.embedded + self.reused) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the bytes that are through; None when there is little to go by."""
        if self.done_bytes <= _LEAST_SHARE * self.total_bytes:
            return None
        return self.seconds / self.done_bytes * (self.total_bytes - self.done_bytes)

    def fail(self, source: str, error: RagError, *, size_bytes: int = 0) -> None:
        """Count a file that could not be ingested."""
        name, detail = type(error).__name__, str(error)
        seconds = error.seconds if isinstance(error, DocumentError) else 0.0
        self.failed.append(Fault(source, name, detail))
        self._settle(Outcome(source, "failed", name, detail, seconds=round(seconds, 3)), size_bytes)

    def hold(self, held: Quarantined, *, size_bytes: int = 0) -> None:
        """Count a file that was not tried, for the same bytes failed before."""
        file = held.file
        self.quarantined.append(
            Held(file.source, file.error, file.detail, held.failures, held.last_failed_at)
        )
        self._settle(Outcome(file.source, "quarantined", file.error, file.detail), size_bytes)

    def keep(self, known: DocumentSummary, *, size_bytes: int = 0) -> None:
        """Count a file whose document is live as it is."""
        self.unchanged += 1
        outcome = Outcome(known.source, "unchanged", chunks=known.chunks, tokens=known.tokens)
        self._settle(outcome, size_bytes)

    def store(
        self, staged: StagedDocument, *, replaces: bool, seconds: float, size_bytes: int = 0
    ) -> None:
        """Count a file whose document is live now; its parser took so many seconds."""
        document = staged.document
        self.updated += replaces
        self.added += not replaces
        self.chunks += len(staged.chunks)
        self.warnings += [Warned(document.source, text) for text in document.warnings]
        outcome = Outcome(
            source=document.source,
            status="updated" if replaces else "added",
            chunks=len(staged.chunks),
            tokens=sum(chunk.tokens for chunk in staged.chunks),
            pages=len(document.page_starts) or None,
            seconds=round(seconds, 3),
            warnings=document.warnings,
        )
        self._settle(outcome, size_bytes)

    def _settle(self, outcome: Outcome, size_bytes: int) -> None:
        self.done_bytes += size_bytes
        heapq.heappush(self.slowest, (outcome.seconds, outcome.source))
        if len(self.slowest) > _SLOWEST:
            heapq.heappop(self.slowest)
        self.tell(outcome)

    def report(self) -> Report:
        """Sum up."""
        failure = self.failure
        return Report(
            collection=self.collection,
            files=self.files,
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=tuple(sorted(self.failed, key=lambda fault: fault.source)),
            skipped=tuple(Skipped(*item) for item in sorted(self.skipped.items())),
            warnings=tuple(sorted(self.warnings, key=lambda warned: warned.source)),
            chunks=self.chunks,
            embedded=self.embedded,
            reused=self.reused,
            seconds=round(self.seconds, 3),
            interrupted=self.interrupted,
            error=None if failure is None else type(failure).__name__,
            detail=None if failure is None else str(failure),
            quarantined=tuple(sorted(self.quarantined, key=lambda held: held.source)),
            slowest=tuple(
                Slow(source, seconds)
                for seconds, source in sorted(self.slowest, reverse=True)
                if seconds > 0
            ),
        )


Progress = Callable[[Tally], None]
"""Called after each change; draws when it likes."""


def summary(report: Report) -> list[str]:
    """Tell a person, in plain lines, what came of an ingest, and what to do next."""
    lines = [_counts(report)]
    lines += [f"skipped {count(item.files, 'file')}: {item.reason}" for item in report.skipped]
    lines += tell_each("warning", [(item.source, item.detail) for item in report.warnings])
    lines += tell_each("failed", [(fault.source, fault.detail) for fault in report.failed])
    held = [(item.source, f"{item.detail}{_times(item)}") for item in report.quarantined]
    lines += tell_each("quarantined", held)
    slow = [item for item in report.slowest if item.seconds >= _SLOW_SECONDS]
    if slow:
        shown = ", ".join(f"{item.seconds:.1f} s {item.source}" for item in slow)
        lines.append(f"slowest to parse: {shown}")
    return [*lines, *_next_steps(report)]


def _counts(report: Report) -> str:
    seconds = max(report.seconds, 1e-9)
    done = report.added + report.updated + report.unchanged + len(report.failed)
    held = f", {len(report.quarantined)} quarantined" if report.quarantined else ""
    return (
        f"{report.collection}: {report.added} added, {report.updated} updated, "
        f"{report.unchanged} unchanged, {len(report.failed)} failed{held}; "
        f"{count(report.chunks, 'chunk')} ({report.embedded} embedded, {report.reused} reused) "
        f"in {report.seconds:.1f} s ({done / seconds:.1f} files/s, "
        f"{report.chunks / seconds:.0f} chunks/s)"
    )


def _times(held: Held) -> str:
    return f" ({count(held.failures, 'failure')}, the last on {held.last_failed_at:%Y-%m-%d})"


def _next_steps(report: Report) -> list[str]:
    lines = []
    if report.quarantined:
        lines.append(
            "quarantined files are parsed again when they change, or by `ingest retry`; "
            "`ingest quarantine` lists them, `ingest remove` forgets them"
        )
    if report.interrupted:
        lines.append("interrupted: what is done stays, run the same command to go on")
    if report.log is not None:
        lines.append(f"log: {report.log}")
    if report.report_problem is not None:
        lines.append(f"the file of --report is not whole: {report.report_problem}")
    if report.detail is not None:
        lines.append(f"stopped: {report.detail}; what is done stays, run the same command to go on")
    return lines


def count(number: int, noun: str) -> str:
    """Say a number of things, such as `1 chunk` or `2 chunks`."""
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Escape what a terminal would act on, and what no encoding can write."""
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _UNPRINTABLE
        else character
        for character in text
    )
