"""The log file of one ingest, in the folder `logs` of RAG_HOME: each file, and all that we log."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ingest.lines import LineFile
from ingest.outcome import Outcome
from ingest.report import printable

logger = logging.getLogger(__name__)

_KEPT = 20
"""Log files; the oldest go when a new one begins."""
_MAX_BYTES = 64 << 20
"""Of one of them: a run over some 400,000 files."""
_PACKAGES = ("rag_core", "ingest", "openai")
"""Whose records are kept from INFO on, also those that the terminal does not show."""

_CREDENTIALS = re.compile(r"://[^/\s@]*@")
"""Of a URL: whoever named it knows them, and a log is read by others."""


class Logbook:
    """Lines with a time, each a sentence; nothing in them can break one or act on a terminal."""

    def __init__(self, file: LineFile) -> None:
        self.file = file
        self._said = False

    def write(self, level: str, text: str) -> None:
        """Add a line; when that fails for the first time it is said, and then no more."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        shown = printable(_CREDENTIALS.sub("://…@", text))
        self.file.write(f"{now} {level} {shown}".encode(errors="backslashreplace"))
        if self.file.problem is not None and not self._said:
            self._said = True
            logger.warning("no log file: %s: %s", self.file.path, self.file.problem)

    def tell(self, outcome: Outcome) -> None:
        """Add the line of a file."""
        level = "ERROR" if outcome.status in {"failed", "quarantined"} else "INFO"
        self.write(level, " ".join(_describe(outcome)))


class _Records(logging.Handler):
    """Puts log records into a logbook."""

    def __init__(self, logbook: Logbook) -> None:
        super().__init__(logging.INFO)
        self._logbook = logbook

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record, but not those about the logbook itself."""
        if record.name != __name__:
            self._logbook.write(record.levelname, f"{record.name}: {record.getMessage()}")


@contextmanager
def open_logbook(home: Path) -> Iterator[Logbook]:
    """Open a log file of our own, and keep in it what is logged until the exit."""
    folder = home / "logs"
    _drop_oldest(folder)
    name = f"ingest-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.log"
    logbook = Logbook(LineFile(folder / name, most_bytes=_MAX_BYTES))
    try:
        with _listening(_Records(logbook)):
            yield logbook
    finally:
        logbook.file.close()


@contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    """Send records to this handler, too; the others go on showing what they show."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in _PACKAGES}
    shown = {name: logging.getLogger(name).getEffectiveLevel() for name in _PACKAGES}

    def is_shown(record: logging.LogRecord) -> bool:
        return record.levelno >= shown.get(record.name.partition(".")[0], logging.NOTSET)

    others = list(root.handlers)
    for other in others:
        other.addFilter(is_shown)
    root.addHandler(handler)
    for name, level in shown.items():
        logging.getLogger(name).setLevel(min(level, logging.INFO))
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        root.removeHandler(handler)
        for other in others:
            other.removeFilter(is_shown)


def _drop_oldest(folder: Path) -> None:
    """Leave room for one more; names are in the order of their time."""
    for path in sorted(folder.glob("ingest-*.log"))[: -_KEPT + 1]:
        with suppress(OSError):  # another ingest may have dropped it
            path.unlink()


def _describe(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.status}: {outcome.source}:"
    if outcome.error is not None:
        yield f"{outcome.error}: {outcome.detail}"
    else:
        pages = "" if outcome.pages is None else f", pages: {outcome.pages}"
        yield f"chunks: {outcome.chunks}, tokens: {outcome.tokens}{pages}"
    if outcome.seconds:
        yield f"({outcome.seconds:.3f} s)"
    for text in outcome.warnings:
        yield f"warning: {text};"
