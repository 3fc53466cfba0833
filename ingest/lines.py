"""A file that lines are added to as things happen: what stands in it survives a kill -9."""

from __future__ import annotations

from contextlib import suppress
from io import FileIO
from pathlib import Path


class LineFile:
    """Written line by line; when that fails, the reason stays and nothing more is written."""

    def __init__(self, path: Path, *, most_bytes: int | None = None) -> None:
        self.path = path
        self.problem: str | None = None
        """Why the file is not whole; None while it is."""
        self._left = most_bytes
        self._file: FileIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = FileIO(path, "w")
        except OSError as error:
            self._give_up(error.strerror or str(error))

    def write(self, line: bytes) -> None:
        """Add a line, which has no end yet, and hand it to the kernel."""
        if self._file is None:
            return
        whole = line + b"\n"
        if self._left is not None:
            self._left -= len(whole)
            if self._left < 0:
                self._give_up("it is full")
                return
        try:
            written = self._file.write(whole)
        except OSError as error:
            self._give_up(error.strerror or str(error))
        else:
            if written != len(whole):
                self._give_up("there is no space left for it")

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _give_up(self, reason: str) -> None:
        self.problem = self.problem or reason
        self.close()
