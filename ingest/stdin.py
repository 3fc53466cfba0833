"""Standard input to a planned file: spooled to the disk under a name, within a limit."""

from __future__ import annotations

import asyncio
import hashlib
import os
import select
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ingest.plan import Plan, PlannedFile, plan_paths
from ingest.rules import Selection
from ingest.spool import Spool
from rag_core.errors import (
    DocumentError,
    InvalidRequestError,
    OversizedDocumentError,
    UnreadableDocumentError,
)

_MAX_BYTES = 512 << 20
_PIECE_BYTES = 1 << 20
_POLL_SECONDS = 0.2
_LONGEST_NAME = 1_000


@dataclass(frozen=True, slots=True)
class _Spooled:
    """A file that lasts as long as its spool is referred to."""

    spool: Spool
    path: Path

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path]:
        """Give the file."""
        del unless
        yield self.path


async def plan_given(paths: Sequence[Path], *, home: Path, wanted: Selection) -> Plan:
    """Plan these paths, of which `-` is standard input, read to its end first.

    Raises:
        InvalidRequestError: standard input has no name, or the name no standard input.
    """
    on_disk = [path for path in paths if str(path) != "-"]
    plan = await asyncio.to_thread(plan_paths, on_disk, home=home, wanted=wanted)
    if len(on_disk) < len(paths):
        descriptor = sys.stdin.fileno() if sys.stdin else None
        return await receive(plan, descriptor, name=wanted.name, home=home)
    if wanted.name is not None:
        raise InvalidRequestError(
            f"--name {wanted.name!r} names standard input: add '-' to the paths"
        )
    return plan


async def receive(plan: Plan, descriptor: int | None, *, name: str | None, home: Path) -> Plan:
    """Add what comes from a file descriptor to a plan, as a document of this name.

    Raises:
        InvalidRequestError: it has no name, or one that no document can have; or nothing is open.
    """
    if descriptor is None:  # its number may be that of another file by now
        raise InvalidRequestError("standard input is closed")
    if not name:
        raise InvalidRequestError("standard input needs a name: --name notes.md")
    if "\0" in name or len(name.encode()) > _LONGEST_NAME:
        raise InvalidRequestError(
            f"standard input cannot be named {name!r}: give a shorter one, such as --name notes.md"
        )
    gone = threading.Event()
    try:
        file = await asyncio.to_thread(_spool, descriptor, name, Spool(home / "unpacked"), gone)
    except DocumentError as error:
        return replace(plan, faults=(*plan.faults, (name, error)))
    finally:
        gone.set()
    return replace(plan, files=(*plan.files, file))


def _spool(descriptor: int, name: str, spool: Spool, gone: threading.Event) -> PlannedFile:
    digest = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for piece in _read(descriptor, gone):
            digest.update(piece)
            yield piece

    path = spool.write(PurePosixPath(name).name, pieces())
    return PlannedFile(name, path.stat().st_size, _Spooled(spool, path), digest.digest())


def _read(descriptor: int, gone: threading.Event) -> Iterator[bytes]:
    """What comes, until its end; gives up when nobody waits for it any more."""
    size = 0
    while not gone.is_set():
        ready, _, _ = select.select([descriptor], [], [], _POLL_SECONDS)
        if not ready:
            continue
        try:
            piece = os.read(descriptor, _PIECE_BYTES)
        except OSError as error:
            raise UnreadableDocumentError(
                f"cannot read standard input: {error.strerror}"
            ) from error
        if not piece:
            return
        size += len(piece)
        if size > _MAX_BYTES:
            raise OversizedDocumentError(f"standard input has more than {_MAX_BYTES >> 20} MB")
        yield piece
