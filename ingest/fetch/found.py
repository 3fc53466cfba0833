"""What a search for documents elsewhere has found, as a plan."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.origins import Origin
from ingest.plan import Plan, PlannedFile
from rag_core.errors import DocumentError

_TELL_SECONDS = 5.0
_GUESSED_BYTES = 50_000
"""Of a page that nobody has seen yet, for the progress bar."""


@dataclass(slots=True)
class Found:
    """The documents, each once, and what was passed over."""

    files: dict[str, PlannedFile] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    faults: dict[str, DocumentError] = field(default_factory=dict)
    tell: Callable[[str], None] | None = None
    """Shows a line to whoever waits for a long search."""
    _told: float = field(default_factory=time.monotonic)

    def add(self, source: str, origin: Origin, size_bytes: int = _GUESSED_BYTES) -> None:
        """Take a document; the first of a name stays."""
        self.files.setdefault(source, PlannedFile(source, size_bytes, origin))

    def skip(self, reason: str, files: int = 1) -> None:
        """Count what is passed over."""
        if files:
            self.skipped[reason] += files

    def fail(self, shown: str, error: DocumentError) -> None:
        """Report what was named, or met on the way, and cannot be read."""
        self.faults.setdefault(shown, error)

    def tell_sometimes(self) -> None:
        """Say how far the search is, every few seconds."""
        if self.tell is not None and time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            self.tell(f"looking for pages: {len(self.files)} found")

    def plan(self, beside: Plan) -> Plan:
        """Put all of it after another plan, whose order may matter."""
        return Plan(
            files=(*beside.files, *(self.files[source] for source in sorted(self.files))),
            skipped=dict(Counter(beside.skipped) + self.skipped),
            faults=(*beside.faults, *self.faults.items()),
        )
