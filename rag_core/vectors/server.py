"""The Chroma server of a home, found or started, and kept for as long as we use it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rag_core.errors import VectorsUnavailableError
from rag_core.locks import in_turn, try_lock
from rag_core.vectors.place import HOST, Place, place_in
from rag_core.vectors.process import start_module

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.02
_START_SECONDS = 90.0
_SPAWN_AGAIN_SECONDS = 3.0
_START_BYTES = 4 << 20
IDLE_SECONDS = 2.0
"""How long a server that nobody uses is kept."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a Chroma server answers."""

    host: str
    port: int
    tls: bool = False
    path: str = ""
    """What a proxy in front puts before Chroma's own paths."""


class OwnServer:
    """The server of one home, as one of its users sees it."""

    def __init__(self, place: Place, idle_seconds: float) -> None:
        self._place = place
        self._idle_seconds = idle_seconds
        self._told: str | None = None

    async def find(self) -> ServerAddress:
        """Find the server, or start it; waits until it answers.

        Only a keeper holds the keeper's lock, and it removes what an earlier one has written
        before it does anything else: so what is written while the lock is held is true.

        Raises:
            VectorsUnavailableError: it cannot be started; says why.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_SECONDS
        spawned: float | None = None
        while loop.time() < deadline:
            if self._is_kept(waited=spawned is not None):
                if (address := self._address()) is not None:
                    return address
            elif spawned is None or loop.time() - spawned > _SPAWN_AGAIN_SECONDS:
                await asyncio.to_thread(self._spawn)
                spawned = loop.time()
            await asyncio.sleep(_POLL_SECONDS)
        raise VectorsUnavailableError(
            f"Chroma did not start within {_START_SECONDS:.0f} s; see {str(self._place.log)!r}"
        )

    def store_number(self) -> int:
        """Tell one store from the next: it changes when the store is moved aside."""
        return self._place.data.stat().st_ino

    async def start_afresh(self, *, broken: int) -> None:
        """Have the broken store moved aside; nothing, if another process has done it since.

        Args:
            broken: the `store_number` under which the faults were seen.
        """
        async with in_turn(self._place.heal_lock):
            if self.store_number() != broken:
                return
            self._place.aside_request.touch()
            while self._place.aside_request.exists():
                await self.find()
                await asyncio.sleep(_POLL_SECONDS)
            await self.find()

    def _is_kept(self, *, waited: bool) -> bool:
        """Whether a keeper is at work; if not, remove what the last one left."""
        probe = try_lock(self._place.keeper_lock, shared=True)
        if probe is None:
            return True
        try:
            failure = self._place.read_failure()
            if waited and failure is not None:
                raise VectorsUnavailableError(f"Chroma cannot be started: {failure}")
            self._place.forget_all()
        finally:
            os.close(probe)
        return False

    def _address(self) -> ServerAddress | None:
        record = self._place.read_server()
        if record is None:
            return None
        if record.moved_aside is not None and record.moved_aside != self._told:
            self._told = record.moved_aside
            _LOG.warning("the vector store was broken; it is kept in %s", record.moved_aside)
        return ServerAddress(HOST, record.port)

    def _spawn(self) -> None:
        """Start a keeper that leaves us at once; when two are started, one goes again."""
        ensure_room(self._place.folder)
        arguments = [str(self._place.folder.parent), str(self._idle_seconds)]
        try:
            starter = start_module(
                "rag_core.vectors.keeper", arguments, log=self._place.log, new_session=True
            )
        except OSError as error:
            raise VectorsUnavailableError(f"the keeper of Chroma cannot start: {error}") from error
        if starter.wait():
            raise VectorsUnavailableError(
                f"the keeper of Chroma cannot start; see {str(self._place.log)!r}"
            )


def ensure_room(folder: Path, *, needed_bytes: int = _START_BYTES) -> None:
    """See that a disk has room for Chroma to start: without, not even the reason can be written.

    Raises:
        VectorsUnavailableError: it has none.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise VectorsUnavailableError(
            f"Chroma cannot be started: the disk of {str(folder)!r} is full ({free:,} bytes free)"
        )


@asynccontextmanager
async def running_server(
    home: Path, *, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[OwnServer]:
    """Use the server of this home; it is stopped some seconds after its last user has left.

    Raises:
        VectorsUnavailableError: it cannot be started; says why.
    """
    place = place_in(home)
    using = await _use(place)
    try:
        server = OwnServer(place, idle_seconds)
        await server.find()
        yield server
    finally:
        os.close(using)


async def _use(place: Place) -> int:
    """Join the users; waits while a keeper stops the server, which it holds against newcomers."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while (using := try_lock(place.users_lock, shared=True)) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise VectorsUnavailableError(
                f"Chroma has not stopped for {_START_SECONDS:.0f} s; see {str(place.log)!r}"
            )
        await asyncio.sleep(_POLL_SECONDS)
    return using
