"""How a sync is followed, and what it did."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ingest.contents import Contents
from ingest.moves import Moves
from ingest.proof import Proof
from ingest.report import Progress, Report

_NOTHING_DONE = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sync did."""

    ingested: Report
    """Its counts are of all planned files; renamed ones are in none of them."""
    moves: Moves
    proof: Proof

    @property
    def exit_code(self) -> int:
        """As of an ingest; 1 also when the proof fails; an empty source alone is no failure."""
        return self.exit_code_of(ignore_quarantined=False)

    def exit_code_of(self, *, ignore_quarantined: bool) -> int:
        """The same; files that failed before with the same bytes may be left out of it."""
        report = self.ingested
        code = report.exit_code_of_tried if ignore_quarantined else report.exit_code
        if code == _NOTHING_DONE and not report.failed:
            code = 0
        return 1 if code == 0 and not self.proof.proven else code


@dataclass(frozen=True, slots=True)
class Run:
    """How a sync is followed, and stopped."""

    progress: Progress
    stop: asyncio.Event
    contents: Contents = field(default_factory=Contents)
    """What an earlier sync has read of the files."""
