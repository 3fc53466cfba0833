"""A document and a page → its picture: the file found and opened, drawn in turn, kept a while."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from rag_api.pictures.child import draw_in_child
from rag_api.pictures.errors import (
    DrawingBusyError,
    NoPictureError,
    OriginalChangedError,
    OriginalGoneError,
)
from rag_api.pictures.order import Drawn, Order
from rag_api.recent import Recent
from rag_core.catalog.originals import PDF, Original
from rag_core.originals import UPLOAD_PREFIX, find_original, is_in_archive

AT_ONCE = 2
"""Pictures that are drawn; each takes a process, with up to 0.5 GB beside the file's size."""
MOST_WAITING = 50
_RETRY_SECONDS = 5.0
_KEPT_SECONDS = 600.0
_KEPT_BYTES = 32 << 20

Draw = Callable[[Order, int], Coroutine[None, None, Drawn]]


def _keep_pictures() -> Recent[Drawn]:
    return Recent(seconds=_KEPT_SECONDS, most=_KEPT_BYTES, weigh=lambda drawn: len(drawn.png))


def _make_turns() -> asyncio.Semaphore:
    return asyncio.Semaphore(AT_ONCE)


@dataclass(slots=True)
class Gallery:
    """Pictures of pages; each is drawn once, however many ask for it together."""

    home: Path
    """Where uploaded files are kept."""
    draw: Draw = draw_in_child
    _turns: asyncio.Semaphore = field(default_factory=_make_turns)
    _recent: Recent[Drawn] = field(default_factory=_keep_pictures)
    _waiting: int = 0

    async def has_original(self, source: str, media_type: str, content_hash: bytes) -> bool:
        """Whether there is a file that pages may be drawn from; it may have changed."""
        if media_type != PDF:
            return False
        return await asyncio.to_thread(find_original, self.home, source, content_hash) is not None

    async def find_picture(self, order: Order, original: Original) -> Drawn:
        """Draw a page, or give the picture of a moment ago.

        Raises:
            DrawingBusyError: too many others wait.
            NoPictureError: the page cannot be drawn.
            OriginalChangedError: the file is another one now.
            OriginalGoneError: the file is there no more.
        """
        return await self._recent.find(
            (order, original.source), lambda: self._draw(order, original)
        )

    async def _draw(self, order: Order, original: Original) -> Drawn:
        if self._waiting >= MOST_WAITING:
            raise DrawingBusyError(
                f"{self._waiting} pictures wait to be drawn: ask again in some seconds",
                retry_after_seconds=_RETRY_SECONDS,
            )
        self._waiting += 1
        try:
            async with self._turns:
                file = await asyncio.to_thread(_open, self.home, original)
                try:
                    return await self.draw(order, file)
                finally:
                    os.close(file)
        finally:
            self._waiting -= 1


def _open(home: Path, original: Original) -> int:
    """Open the file that a document was read from, if it still may be that; gives a descriptor.

    Whether it is, by its hash, is looked at by who reads it: it may change until then.
    """
    path = find_original(home, original.source, original.content_hash)
    if path is None:
        raise _missing(original)
    try:
        # Not to wait for a writer, where somebody has put a pipe.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OriginalGoneError(
            f"{original.source!r} cannot be read any more: {error.strerror or error}"
        ) from error
    found = os.fstat(file)
    if stat.S_ISREG(found.st_mode) and found.st_size == original.size_bytes:
        return file
    os.close(file)
    raise OriginalChangedError(
        f"{original.source!r} has changed since the document was read from it: ingest it again"
    )


def _missing(original: Original) -> OriginalGoneError | NoPictureError:
    source = original.source
    if source.startswith(UPLOAD_PREFIX):
        return OriginalGoneError(
            f"the file of {source!r} is not kept: upload it again, with RAG_KEEP_ORIGINALS on"
        )
    if is_in_archive(source) or not Path(source).is_absolute():
        return NoPictureError(
            f"there is no picture of {source!r}: only files on this machine's disks, and uploads, "
            "are at hand"
        )
    return OriginalGoneError(
        f"the file {source!r} is not there any more, or not on the machine that answers"
    )
