"""Where the bytes of a planned file come from: an origin puts them into a file of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Origin(Protocol):
    """What a file's bytes can be had from, any number of times."""

    def local(self) -> AbstractAsyncContextManager[Path]:
        """A file that holds the bytes until the exit; entering raises a DocumentError."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that is on this machine already."""

    path: str

    @asynccontextmanager
    async def local(self) -> AsyncIterator[Path]:
        """Give the file itself: nothing is copied."""
        yield Path(self.path)
