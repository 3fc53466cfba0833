"""Where fetched bytes lie while they are parsed: a folder for each run, gone when it ends."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rag_core.errors import ConfigurationError, UnreadableDocumentError
from rag_core.locks import locked, try_lock

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
        try:
            folder.mkdir()
        except OSError as error:
            raise no_place(error) from error
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


@contextmanager
def open_part(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write what is fetched; it is on the disk at the exit.

    Raises:
        UnreadableDocumentError: there is no place.
    """
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise no_place(error) from error


def no_place(error: OSError) -> UnreadableDocumentError:
    """Say that what is fetched cannot be kept, as on a full disk."""
    return UnreadableDocumentError(
        f"there is no place to keep it while it is read: {error.strerror}"
    )


@contextmanager
def open_spool(home: Path, *, most_bytes: int = _MOST_KEPT_BYTES) -> Iterator[Spool]:
    """Open a spool below our own folder, and sweep those of runs that were killed.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    top = home / "fetched"
    try:
        with locked(top / "lock"):
            _sweep(top)
            folder = Path(tempfile.mkdtemp(dir=top))
            lock = try_lock(folder / "lock")
    except OSError as error:
        raise ConfigurationError(
            f"fetched files cannot be kept in {str(top)!r}: {error.strerror} (RAG_HOME)"
        ) from error
    try:
        yield Spool(folder, most_bytes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _sweep(top: Path) -> None:
    for folder in top.iterdir():
        if folder.is_dir():
            lock = try_lock(folder / "lock")
            if lock is not None:  # whoever held it has gone
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
