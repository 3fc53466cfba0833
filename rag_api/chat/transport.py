"""HTTP/1.1 for streams of many small pieces: the SDK's requests over asyncio and httptools.

The SDK's own transport parses each HTTP chunk in Python, 27 µs of CPU a token, more than all the
rest of an answer; here a network read is parsed in C and handed on whole, 3 µs a token.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import httptools
import httpx2

_READ_BYTES = 65_536
_IDLE_SECONDS = 5.0
_FINAL_STATUS = 200

Origin = tuple[str, str, int]
"""Scheme, host and port."""


class _Answer:
    """What the parser found so far of one response."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.has_head = False
        self.is_complete = False
        self.keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.has_head = self.parser.get_status_code() >= _FINAL_STATUS

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        # An interim response (100, 103) has no body; its headers are not those of the answer.
        if self.has_head:
            self.is_complete = True
            # The parser knows it only within this call.
            self.keeps_alive = self.parser.should_keep_alive()
        else:
            self.headers.clear()

    def end(self) -> None:
        """The server closed the connection, which ends a body of no stated length."""
        named = {name.lower() for name, _ in self.headers}
        if not self.has_head or named & {b"content-length", b"transfer-encoding"}:
            raise httpx2.RemoteProtocolError("the server closed the connection too early")
        self.is_complete = True


class _Connection:
    """One connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = _Answer()
        self.idle_since = 0.0

    def is_usable(self, now: float) -> bool:
        """Whether another request may go over it."""
        closed = self._reader.at_eof() or self._writer.is_closing()
        return not closed and now - self.idle_since < _IDLE_SECONDS

    @property
    def may_be_kept(self) -> bool:
        """Whether the answer was read to its end, and the server keeps the connection."""
        return self._answer.keeps_alive and not self._reader.at_eof()

    async def ask(self, request: httpx2.Request, body: bytes) -> _Answer:
        """Send a request and read the head of its answer."""
        self._answer = _Answer()
        target = request.url.raw_path
        lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
        lines += [b"%s: %s" % header for header in request.headers.raw]
        with _errors_as(httpx2.WriteError):
            self._writer.write(b"\r\n".join([*lines, b"", body]))
            await self._writer.drain()
        while not self._answer.has_head:
            await self._read()
        return self._answer

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body, by what arrived together."""
        answer = self._answer
        while True:
            if answer.pieces:
                piece = b"".join(answer.pieces)
                answer.pieces.clear()
                yield piece
            if answer.is_complete:
                return
            await self._read()

    async def _read(self) -> None:
        with _errors_as(httpx2.ReadError):
            data = await self._reader.read(_READ_BYTES)
        if not data:
            self._answer.end()
            return
        try:
            self._answer.parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise httpx2.RemoteProtocolError(f"the server does not speak HTTP: {error}") from error

    def close(self) -> None:
        """Close at once, whatever is under way."""
        self._writer.transport.abort()


class _Body(httpx2.AsyncByteStream):
    """The body of an answer; when it is closed, its connection is kept or closed."""

    def __init__(self, connection: _Connection, give_back: Callable[[_Connection], None]) -> None:
        self._connection = connection
        self._give_back = give_back
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._connection.pieces():
            yield piece

    async def aclose(self) -> None:
        """Give the connection back; may be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self._give_back(self._connection)


class StreamTransport(httpx2.AsyncBaseTransport):
    """Keeps connections alive by their origin; as many at a time as there are requests."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the response's body is read from the network as it is iterated."""
        body = await request.aread()
        origin = _origin_of(request.url)
        connection = self._take_idle(origin)
        if connection is None:
            timeout: dict[str, float | None] = request.extensions.get("timeout", {})
            connection = await self._connect(origin, timeout.get("connect"))
        try:
            answer = await connection.ask(request, body)
        except BaseException:
            connection.close()
            raise

        def give_back(used: _Connection) -> None:
            self._keep(origin, used)

        return httpx2.Response(
            answer.parser.get_status_code(),
            headers=answer.headers,
            stream=_Body(connection, give_back),
        )

    async def aclose(self) -> None:
        """Close the connections that are idle."""
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    def _take_idle(self, origin: Origin) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        kept = self._idle[origin]
        while kept:
            connection = kept.pop()
            if connection.is_usable(now):
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, connection: _Connection) -> None:
        if connection.may_be_kept:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle[origin].append(connection)
        else:
            connection.close()

    async def _connect(self, origin: Origin, seconds: float | None) -> _Connection:
        scheme, host, port = origin
        context = self._context if scheme == "https" else None
        with _errors_as(httpx2.ConnectError):
            async with asyncio.timeout(seconds):
                return _Connection(*await asyncio.open_connection(host, port, ssl=context))


def _origin_of(url: httpx2.URL) -> Origin:
    default = 443 if url.scheme == "https" else 80
    return url.scheme, url.host, url.port or default


@contextmanager
def _errors_as(error_type: type[httpx2.TransportError]) -> Iterator[None]:
    """Turn the system's errors into those that the SDK knows and tries again."""
    try:
        yield
    except OSError as error:
        raise error_type(str(error) or type(error).__name__) from error
