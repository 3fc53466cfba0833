"""A folder for files that live as long as somebody reads them; nothing of it outlasts us."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from ingest.run_folder import make_run_folder
from rag_core.errors import UnreadableDocumentError

_LONGEST_NAME = 200
"""Bytes; file systems take 255."""


class Spool:
    """Files of one process; when it is killed, the next one that has a spool clears them away."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own: Path | None = None

    def write(self, name: str, pieces: Iterable[bytes]) -> Path:
        """Make a file of this name, in a folder of its own; blocks. `discard` deletes it.

        Raises:
            UnreadableDocumentError: there is no room for it, or it may not be written.
        """
        try:
            folder = Path(tempfile.mkdtemp(dir=self._folder()))
        except OSError as error:
            raise _unwritable(self._root, error) from error
        path = folder / (name.encode()[-_LONGEST_NAME:].decode(errors="ignore") or "unnamed")
        try:
            with path.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
        except OSError as error:
            discard(path)
            raise _unwritable(self._root, error) from error
        except BaseException:
            discard(path)
            raise
        return path

    def _folder(self) -> Path:
        if self._own is None:
            own = make_run_folder(self._root)
            self._own = own.path
            weakref.finalize(self, own.remove)
        return self._own


def discard(path: Path) -> None:
    """Delete a file that `Spool.write` made."""
    shutil.rmtree(path.parent, ignore_errors=True)


def _unwritable(root: Path, error: OSError) -> UnreadableDocumentError:
    return UnreadableDocumentError(f"cannot unpack it to {root}: {error.strerror or error}")
