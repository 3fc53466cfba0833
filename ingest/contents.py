"""Hashes of files' contents, remembered for as long as nothing says that a file was written to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from rag_core.documents import hash_file

_SETTLED_SECONDS = 2.0
"""A file that was written to more recently may be written to again at the same time stamp."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was read."""

    stamp: tuple[int, ...]
    content_hash: bytes


@dataclass(slots=True)
class Contents:
    """What files held when they were last looked at; of a `watch`, so that a round is short."""

    seen: dict[str, _Seen] = field(default_factory=dict)

    def read_hash(self, path: str) -> bytes | None:
        """SHA-256 of a file; None when it cannot be read."""
        try:
            status = Path(path).stat()
            times = (status.st_mtime_ns, status.st_ctime_ns)
            stamp = (status.st_dev, status.st_ino, status.st_size, *times)
            known = self.seen.get(path)
            if known is not None and known.stamp == stamp:
                return known.content_hash
            content_hash = hash_file(path)
        except OSError:
            self.seen.pop(path, None)
            return None
        if time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS:
            self.seen[path] = _Seen(stamp, content_hash)
        return content_hash

    def forget(self) -> None:
        """Read every file again from now on."""
        self.seen.clear()
