"""What an ingest did: a Tally while it runs, a Report when it is over."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rag_core.errors import RagError

_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control and format characters, half characters, line separators."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A path that could not be ingested, and why."""

    source: str
    error: str
    """The error's class name."""
    detail: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A document that was ingested, though not all of it."""

    source: str
    detail: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Files of a folder that were passed over for one reason."""

    reason: str
    files: int


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

    @property
    def exit_code(self) -> int:
        """0 all done, 1 a part failed, 2 there was nothing to ingest, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.error is not None:
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
    warnings: list[Warned] = field(default_factory=list)
    skipped: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    failure: RagError | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Planned files that are through, in whichever way."""
        return self.added + self.updated + self.unchanged + len(self.failed) - self.unplanned

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
        """Estimated from the bytes that are through; None when there is nothing to go by."""
        if self.done_bytes == 0:
            return None
        return self.seconds / self.done_bytes * (self.total_bytes - self.done_bytes)

    def fail(self, source: str, error: RagError, *, size_bytes: int = 0) -> None:
        """Count a file that could not be ingested."""
        self.failed.append(Fault(source, type(error).__name__, str(error)))
        self.done_bytes += size_bytes

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
        )


Progress = Callable[[Tally], None]
"""Called after each change; draws when it likes."""


def summary(report: Report) -> list[str]:
    """Tell a person, in plain lines, what came of an ingest."""
    counts = (
        f"{report.collection}: {report.added} added, {report.updated} updated, "
        f"{report.unchanged} unchanged, {len(report.failed)} failed; "
        f"{count(report.chunks, 'chunk')} ({report.embedded} embedded, {report.reused} reused) "
        f"in {report.seconds:.1f} s"
    )
    lines = [counts]
    lines += [f"skipped {count(item.files, 'file')}: {item.reason}" for item in report.skipped]
    lines += [f"warning: {item.source}: {item.detail}" for item in report.warnings]
    lines += [f"failed: {fault.source}: {fault.detail}" for fault in report.failed]
    if report.interrupted:
        lines.append("interrupted: what is done stays, run the same command to go on")
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
