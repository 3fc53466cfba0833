"""Where files are parsed and texts embedded: on this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from ingest.flow import PACE, Pace
from ingest.quarantine import Parser
from ingest.sandbox import Sandbox
from rag_core.embedding import Embedder
from rag_core.errors import ConfigurationError, InvalidRequestError


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works on one ingest."""

    parser: Parser
    embedder: Embedder
    pace: Pace = PACE


class Engine(Protocol):
    """A place to work at."""

    def open(self, embedder: Embedder, sandbox: Sandbox) -> AbstractAsyncContextManager[Crew]:
        """Have a crew there until the exit, that does what these two would do here.

        Entering raises a RagError when nobody can work there.
        """


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """This machine."""

    @asynccontextmanager
    async def open(self, embedder: Embedder, sandbox: Sandbox) -> AsyncIterator[Crew]:
        """See `Engine`."""
        yield Crew(sandbox, embedder)


@dataclass(frozen=True, slots=True)
class RayEngine:
    """A Ray cluster, or one that is started on this machine and ends with the work."""

    address: str | None = None
    """HOST:PORT of its head; None starts one."""

    @asynccontextmanager
    async def open(self, embedder: Embedder, sandbox: Sandbox) -> AsyncIterator[Crew]:
        """See `Engine`."""
        async with _ray_room().open_crew(self.address, embedder, sandbox) as crew:
            yield crew


class _RayRoom(Protocol):
    """What of `ingest.cluster.crew` is used here; it is imported by those who ask for it."""

    def open_crew(
        self, address: str | None, embedder: Embedder, sandbox: Sandbox
    ) -> AbstractAsyncContextManager[Crew]: ...


LOCAL = LocalEngine()


def choose_engine(name: str, address: str | None) -> Engine:
    """The engine that a command line asks for.

    Raises:
        InvalidRequestError: an address goes with Ray only.
        ConfigurationError: Ray is not installed.
    """
    if name == "ray":
        _ray_room()
        return RayEngine(address)
    if address is not None:
        raise InvalidRequestError(f"--address {address!r} goes with --engine ray only")
    return LOCAL


def _ray_room() -> _RayRoom:
    try:
        room: _RayRoom = import_module("ingest.cluster.crew")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"--engine ray needs the extra 'ray' (there is no package {error.name!r}): install it "
            "in the folder of this project with .venv/bin/pip install '.[ray]'"
        ) from error
    return room
