"""A web server on a socket, honest or hostile, and names that lead where a test wants."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import repeat

from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass(frozen=True)
class Reply:
    """What a path answers; with an ETag it answers 304 to who knows it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "text/html"
    endless: bool = False
    """The body comes again and again."""
    gap_seconds: float = 0.0
    """Between its repetitions."""

    def head(self) -> bytes:
        named = {"Content-Type": self.media_type, "Connection": "close"}
        if not self.endless:
            named["Content-Length"] = str(len(self.body))
        lines = [f"{name}: {value}" for name, value in (named | dict(self.headers)).items()]
        phrase = HTTPStatus(self.status).phrase
        return "\r\n".join([f"HTTP/1.1 {self.status} {phrase}", *lines, "", ""]).encode()


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    path: str
    headers: Mapping[str, str]
    at: float


@dataclass
class Site:
    """The pages of a server, which may be changed, and what it was asked."""

    port: int = 0
    pages: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        finally:
            writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = (line.partition(": ") for line in head[1:] if line)
            request = Request(
                head[0].split(" ")[1], {name: value for name, _, value in pairs}, time.monotonic()
            )
            self.asked.append(request)
            await self._send(writer, self._reply(request))

    def _reply(self, request: Request) -> Reply:
        found = self.pages.get(request.path, Reply(b"not here", 404))
        reply = found if isinstance(found, Reply) else found()
        etag = reply.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            reply = Reply(status=304)
        self.statuses.append(reply.status)
        return reply

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        writer.write(reply.head() + reply.body)
        await writer.drain()
        for part in repeat(reply.body, 1_000_000 if reply.endless else 0):
            await asyncio.sleep(reply.gap_seconds)
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def serving_site(
    pages: Mapping[str, Reply | Callable[[], Reply]], *, secured_by: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """Serve pages at a free port of 127.0.0.1."""
    site = Site(pages=dict(pages))
    under_way: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(site.answer(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=secured_by)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


class Names(AbstractResolver):
    """Leads every name to these addresses, one after the other; the last one stays."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = list(addresses)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self._addresses[min(self.asked, len(self._addresses) - 1)]
        self.asked += 1
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=family,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def link_to(*paths: str, title: str = "A page", head: str = "") -> Reply:
    """A page with links and a sentence of its own."""
    links = " ".join(f'<a href="{path}">{path}</a>' for path in paths)
    text = (
        f"<html><head><title>{title}</title>{head}</head>"
        f"<body><h1>{title}</h1><p>{title} says this in a sentence.</p>{links}</body></html>"
    )
    return Reply(text.encode())
