"""Where the bytes of a planned file come from: an origin puts them into a file of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Origin(Protocol):
    """What a file's bytes can be had from, any number of times."""

    def local(self, *, unless: bytes | None) -> AbstractAsyncContextManager[Path | None]:
        """A file that holds the bytes until the exit; entering raises a DocumentError.

        `unless` is the SHA-256 of bytes that nobody needs again: it may be None instead of a
        file when they are these, as far as can be told without fetching them.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that is on this machine already."""

    path: str

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path | None]:
        """Give the file itself: nothing is copied."""
        del unless
        yield Path(self.path)
