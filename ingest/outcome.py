"""What became of single files: the lines that reports and logs have for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["added", "updated", "unchanged", "failed", "quarantined"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file that is through; its fields are the keys of a line of `--report`."""

    source: str
    status: Status
    error: str | None = None
    """Of what failed, or is in quarantine: the error's class name."""
    detail: str | None = None
    """The same in one sentence."""
    chunks: int = 0
    """Of the document that is live now; 0 when the file failed."""
    tokens: int = 0
    pages: int | None = None
    """None when the format has no pages, or the file was not parsed."""
    seconds: float = 0.0
    """How long its parser was at it."""
    warnings: tuple[str, ...] = ()
    """What was lost in reading, one sentence each."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A path that could not be ingested, and why."""

    source: str
    error: str
    """The error's class name."""
    detail: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was not parsed: the same bytes failed before."""

    source: str
    error: str
    detail: str
    """Of the failure then."""
    failures: int
    """How often these bytes failed."""
    last_failed_at: datetime


@dataclass(frozen=True, slots=True)
class Slow:
    """A file whose parser took long."""

    source: str
    seconds: float


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
