"""Requests of Chroma's HTTP interface, version 2, as JSON over a bounded number of connections.

The standard library's client in threads, by measurement: a query costs 0.7 ms of CPU, nearly all
of it off the event loop (httpx2: 1.9 ms on it; chromadb's own clients: 2.1–2.6 ms, and 1.3 s and
33 MB more to import).
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import orjson

from rag_core.errors import (
    ConfigurationError,
    VectorsBrokenError,
    VectorsMissingError,
    VectorsUnavailableError,
)
from rag_core.vectors.server import ServerAddress

Find = Callable[[], Awaitable[ServerAddress]]
"""Finds the server again, where it now is."""

_API = "/api/v2"
_MAX_CONNECTIONS = 16
_TIMEOUT_SECONDS = 60.0
_FIND_AGAIN_SECONDS = (0.05, 0.5, 2.0)
_SHOWN_CHARACTERS = 300
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_CONFLICT = 409
_IS_GOING = "Missing metadata segment"
"""What Chroma says, with status 412, of a collection that is being deleted at this moment."""


class Wire:
    """Connections to one server. Every call may be sent twice: all of Chroma's that we use can."""

    def __init__(
        self, address: ServerAddress, headers: Mapping[str, str], find: Find | None
    ) -> None:
        self._address = address
        self._headers = {"Content-Type": "application/json", **headers}
        self._find = find
        self._threads = ThreadPoolExecutor(_MAX_CONNECTIONS, thread_name_prefix="chroma")
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._tls = ssl.create_default_context() if address.tls else None

    async def call(self, method: str, path: str, body: object = None) -> object:
        """Send one request, and again where our own server is found after it has gone.

        Raises:
            VectorsMissingError: the server does not know the thing (404).
            VectorsBrokenError: the server has a fault of its own (500).
            VectorsUnavailableError: it cannot be reached, not in time, or it refuses.
            ConfigurationError: it does not accept our token.
        """
        pauses = iter(_FIND_AGAIN_SECONDS if self._find is not None else ())
        while True:
            try:
                status, content = await self._in_thread(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                pause = None if isinstance(error, TimeoutError) else next(pauses, None)
                if self._find is None or pause is None:
                    raise VectorsUnavailableError(f"{self.name}: {_reason(error)}") from error
                await asyncio.sleep(pause)
                self._address = await self._find()
            else:
                return self._read(status, content)

    async def close(self) -> None:
        """Break off what is under way and close every connection."""
        for connection in self._connections:
            _hang_up(connection)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    async def _in_thread(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._send, method, path, body)

    def _send(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        """Send on this thread's connection; on a new one when the server has closed it since."""
        content = None
        if body is not None:
            content = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        connection, used = self._connection()
        try:
            return self._exchange(connection, method, path, content)
        except _STALE:
            if not used:
                raise
            return self._exchange(self._connection()[0], method, path, content)

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str, content: bytes | None
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, self._address.path + _API + path, content, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        """Give this thread's connection, and say whether it has been used before."""
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None and (connection.host, connection.port) != self._host_and_port():
            connection.close()
            self._connections.remove(connection)
            connection = None
        if connection is None:
            connection = self._own.connection = self._new_connection()
            self._connections.append(connection)
        used = connection.sock is not None
        if not used:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, used

    def _new_connection(self) -> http.client.HTTPConnection:
        host, port = self._host_and_port()
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=self._tls)

    def _host_and_port(self) -> tuple[str, int]:
        return self._address.host, self._address.port

    @property
    def name(self) -> str:
        """What to call the server in a message."""
        return f"Chroma at {self._address.host}:{self._address.port}"

    def _read(self, status: int, content: bytes) -> object:
        if status < http.client.BAD_REQUEST:
            return self._parse(content)
        said = content.decode("utf-8", "replace").strip()[:_SHOWN_CHARACTERS]
        text = f"{self.name} answers {status}: {said}"
        if status == _CONFLICT:
            return None
        is_going = status == http.client.PRECONDITION_FAILED and _IS_GOING in said
        if status == http.client.NOT_FOUND or is_going:
            raise VectorsMissingError(text)
        if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            raise ConfigurationError(f"{text}; see CHROMA_TOKEN")
        if status == http.client.INTERNAL_SERVER_ERROR:
            raise VectorsBrokenError(text)
        raise VectorsUnavailableError(text)

    def _parse(self, content: bytes) -> object:
        try:
            return orjson.loads(content)
        except ValueError as error:
            raise VectorsUnavailableError(f"{self.name} answers, but not in JSON") from error


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Wake the thread that reads from a connection."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_SECONDS:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused: nothing listens there"
    return f"the connection failed: {error}"
