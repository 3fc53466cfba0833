"""An object of a store as an origin: its bytes, when they are needed and are not what we have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.fetch.guard import FetchLimits
from ingest.fetch.spool import Incoming, open_part
from ingest.fetch.web import Web
from rag_core.catalog.fetches import Fetch, save_fetch
from rag_core.errors import (
    DocumentError,
    FetchFailedError,
    FetchMissingError,
    FetchRefusedError,
)

_PART_BYTES = 1 << 20
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Store:
    """An open store."""

    filesystem: Any
    """Of fsspec."""
    web: Web
    """Where fetched bytes lie, and what was fetched before."""
    turn: asyncio.Semaphore
    """Bounds the objects that are read at once."""
    limits: FetchLimits


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, or a file on a server."""

    source: str
    store: Store
    path: str
    """As the store names it."""
    version: str | None
    """As the store listed it."""

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path | None]:
        """Fetch it, unless it is listed as it was when these bytes were fetched."""
        if unless is not None and await self._is(unless):
            yield None
            return
        with self.store.web.spool.place() as folder:
            name = PurePosixPath(self.path).name.encode(errors="replace")[-_LONGEST_NAME:]
            path = folder / (name.decode(errors="ignore").lstrip(".") or "object")
            await self._fetch(path)
            yield path

    async def _is(self, content_hash: bytes) -> bool:
        known = await self.store.web.recall(self.source)
        return (
            known is not None
            and self.version is not None
            and (known.listed, known.content_hash) == (self.version, content_hash)
        )

    async def _fetch(self, path: Path) -> None:
        limits, stopped = self.store.limits, threading.Event()
        async with self.store.turn:
            try:
                async with asyncio.timeout(limits.total_seconds):
                    copied = await asyncio.to_thread(self._copy, path, stopped)
            except TimeoutError as error:
                raise FetchFailedError("the store takes too long") from error
            finally:
                stopped.set()
        fetch = Fetch(
            source=self.source,
            url=self.source,
            etag=None,
            last_modified=None,
            listed=self.version,
            content_hash=copied.digest.digest(),
            size_bytes=copied.size_bytes,
            links=(),
            fetched_at=datetime.now(UTC),
        )
        await save_fetch(self.store.web.catalog, fetch)

    def _copy(self, path: Path, stopped: threading.Event) -> Incoming:
        with open_part(path) as file, plain_faults():
            incoming = Incoming(file, self.store.limits.size_bytes)
            for part in _read_parts(self.store.filesystem, self.path):
                if stopped.is_set():
                    break
                incoming.add(part)
        return incoming


def _read_parts(filesystem: Any, path: str) -> Iterator[bytes]:
    with filesystem.open(path, "rb") as opened:
        while part := opened.read(_PART_BYTES):
            yield part


@contextmanager
def plain_faults() -> Iterator[None]:
    """Turn what a store's library raises, of whatever kind, into our errors."""
    try:
        yield
    except DocumentError:
        raise
    except FileNotFoundError as error:
        raise FetchMissingError("it is not there") from error
    except PermissionError as error:
        raise FetchRefusedError(f"it may not be read: {_explain(error)}") from error
    except Exception as error:  # each library has a tree of its own
        raise FetchFailedError(f"it cannot be read: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
