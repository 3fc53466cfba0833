"""A proxy that breaks connections in the middle of an answer, as networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from rag_api.admission import Runs
from tests.api import make_app, make_parts
from tests.gates import GatedChat, until
from tests.servers import serving

CUT = b"GET /cut "
"""A request for this breaks all connections, its own too."""

_RESET = struct.pack("ii", 1, 0)


@dataclass
class CuttingProxy:
    """Passes on what a server and its clients say, until a client asks for a cut."""

    server_port: int
    resets: bool
    """Whether the clients see a reset; else an end that comes too early."""
    url: str = ""
    cuts: int = 0
    _clients: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client."""
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        self._clients.add(writer)
        tasks = {
            asyncio.create_task(self._hear(reader, to_server)),
            asyncio.create_task(_pass_on(from_server, writer)),
        }
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self._clients.discard(writer)
        for task in tasks:
            task.cancel()
        writer.close()
        to_server.transport.abort()

    async def _hear(self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                if piece.startswith(CUT):
                    self._cut()
                    return
                to_server.write(piece)

    def _cut(self) -> None:
        self.cuts += 1
        for writer in self._clients:
            if self.resets:
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.close()

    async def close(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await until(lambda: not self._clients)


@asynccontextmanager
async def cutting(port: int, *, resets: bool) -> AsyncIterator[CuttingProxy]:
    """Stand before the server on this port."""
    proxy = CuttingProxy(port, resets)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


@asynccontextmanager
async def interrupted(
    chat: GatedChat,
    *,
    cuts: int = 1,
    ends_unseen: bool = False,
    resets: bool = False,
    api_key: str | None = None,
) -> AsyncIterator[CuttingProxy]:
    """A real server behind a proxy, whose answer goes on after so many cuts.

    It does so when its reader is back, or before, when it `ends_unseen`.
    """
    runs = Runs(most=5)
    app = make_app(make_parts(chat=chat, runs=runs, api_key=api_key))
    async with serving(app, lifespan="on") as port, cutting(port, resets=resets) as proxy:
        going_on = asyncio.create_task(_go_on(chat, proxy, runs, cuts, ends_unseen=ends_unseen))
        yield proxy
        going_on.cancel()


async def _go_on(
    chat: GatedChat, proxy: CuttingProxy, runs: Runs, cuts: int, *, ends_unseen: bool
) -> None:
    await until(lambda: proxy.cuts == cuts)
    (run,) = runs._runs.values()
    await until(lambda: not run.log.has_readers)
    await until(lambda: ends_unseen or run.log.has_readers)
    chat.gate.set()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
