"""Where fetched bytes lie while they are parsed: a folder for each run, gone when it ends."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ingest.run_folder import make_run_folder
from rag_core.errors import (
    ConfigurationError,
    OversizedDocumentError,
    UnreadableDocumentError,
)

_MOST_KEPT_BYTES = 1 << 30


@dataclass(slots=True)
class Spool:
    """A folder for the fetched files of one run; use `open_spool`."""

    folder: Path
    most_bytes: int
    """Of files that are kept for later; what is more is fetched again."""
    kept_bytes: int = 0
    _kept: dict[Path, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def place(self) -> Iterator[Path]:
        """Give a folder of its own for one file, until the exit."""
        folder = self.new_folder()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def new_folder(self) -> Path:
        """Make a folder; whoever wants it no more deletes it."""
        folder = self.folder / str(next(self._numbers))
        with _plain_faults():
            folder.mkdir()
        return folder

    def keep(self, path: Path, size_bytes: int) -> bool:
        """Keep a file in a folder of ours for later; it is deleted when there is no room."""
        if self.kept_bytes + size_bytes > self.most_bytes:
            shutil.rmtree(path.parent, ignore_errors=True)
            return False
        self._kept[path] = size_bytes
        self.kept_bytes += size_bytes
        return True

    def drop(self, path: Path) -> None:
        """Delete a file that was kept."""
        shutil.rmtree(path.parent, ignore_errors=True)
        self.kept_bytes -= self._kept.pop(path)


@dataclass(slots=True)
class Incoming:
    """What is fetched on its way into a file: counted, hashed, and not more than it may be."""

    file: BinaryIO
    most_bytes: int
    size_bytes: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, part: bytes) -> None:
        """Write a part.

        Raises:
            OversizedDocumentError: it is too much by now.
            UnreadableDocumentError: there is no place.
        """
        self.size_bytes += len(part)
        if self.size_bytes > self.most_bytes:
            raise OversizedDocumentError(f"it has more than the {self.most_bytes:,} bytes allowed")
        self.digest.update(part)
        with _plain_faults():
            self.file.write(part)


def begin_anew(file: BinaryIO, *, most_bytes: int) -> Incoming:
    """Make a file empty, for what is fetched; raises UnreadableDocumentError."""
    with _plain_faults():
        file.seek(0)
        file.truncate()
    return Incoming(file, most_bytes)


@contextmanager
def open_part(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write what is fetched; it is on the disk at the exit.

    Raises:
        UnreadableDocumentError: there is no place.
    """
    with _plain_faults(), path.open("wb") as file:
        yield file


@contextmanager
def _plain_faults() -> Iterator[None]:
    """Say that what is fetched cannot be kept, as on a full disk."""
    try:
        yield
    except OSError as error:
        raise UnreadableDocumentError(
            f"there is no place to keep it while it is read: {error.strerror}"
        ) from error


@contextmanager
def open_spool(home: Path, *, most_bytes: int = _MOST_KEPT_BYTES) -> Iterator[Spool]:
    """Open a spool below our own folder, and sweep those of runs that were killed.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    top = home / "fetched"
    try:
        own = make_run_folder(top)
    except OSError as error:
        raise ConfigurationError(
            f"fetched files cannot be kept in {str(top)!r}: {error.strerror} (RAG_HOME)"
        ) from error
    try:
        yield Spool(own.path, most_bytes)
    finally:
        own.remove()
