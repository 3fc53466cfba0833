"""A web URL to the bytes behind it, and nothing else: the one way by which we ask web servers.

Every address is checked where its socket is made, after the name was looked up and for each
redirect anew, so a name that leads elsewhere the second time leads nowhere. Proxies that the
environment names are not used: they look up names themselves, behind the guard's back.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ingest.fetch.addresses import find_objection
from ingest.fetch.answers import Fetched, Known, Moved, read_answer, read_headers
from ingest.fetch.polite import Courtesy
from ingest.fetch.spool import Incoming, begin_anew
from ingest.fetch.web_urls import find_host, normalise_url
from ingest.report import printable
from rag_core.errors import FetchFailedError, FetchRefusedError

USER_AGENT = "rag-ingest/0.1 (a crawler of documents; obeys robots.txt)"
_PART_BYTES = 1 << 16
_LONGEST_COMPLAINT = 120
_RETRY_SECONDS = 1.0
"""Before the second try, twice as long before each further one."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may take, and how much we ask of a server."""

    size_bytes: int = 512 << 20
    """As they are when unpacked."""
    redirects: int = 5
    connect_seconds: float = 10.0
    silent_seconds: float = 30.0
    """Between two parts of an answer."""
    total_seconds: float = 300.0
    tries: int = 3
    longest_wait_seconds: float = 60.0
    """A server that wants us to wait longer is not asked again."""
    interval_seconds: float = 0.5
    """Between the beginnings of two requests to one host."""
    connections: int = 2
    """To one host, at once."""


class Guard(AbstractResolver):
    """Looks up names, and makes sockets to allowed addresses only."""

    def __init__(self, resolver: AbstractResolver, *, allow_private: bool) -> None:
        self._resolver = resolver
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look up a name; one address that is not allowed spoils all of them.

        Raises:
            FetchRefusedError: its address is not allowed.
        """
        try:
            found = await self._resolver.resolve(host, port, family)
        except UnicodeError as error:
            raise FetchRefusedError(f"{host[:80]!r} is no name of a host") from error
        for one in found:
            self.check(one["host"], named=host)
        return found

    async def close(self) -> None:
        """Close what looks up names."""
        await self._resolver.close()

    def make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for an address that was looked up, or was in the URL itself."""
        family, kind, protocol, _, address = info
        self.check(str(address[0]), named=str(address[0]))
        return socket.socket(family=family, type=kind, proto=protocol)

    def check(self, address: str, *, named: str) -> None:
        """Refuse an address that is not allowed.

        Raises:
            FetchRefusedError: says why, and how to allow it.
        """
        objection = find_objection(address, allow_private=self._allow_private)
        if objection is None:
            return
        where = named if named == address else f"{named} ({address})"
        hint = (
            " (`ingest add --allow-private` allows it)"
            if objection in ("private", "loopback")
            else ""
        )
        raise FetchRefusedError(f"the address of {where} is not fetched from: {objection}{hint}")


class Fetcher:
    """Asks web servers; use `open_fetcher`."""

    def __init__(self, session: aiohttp.ClientSession, guard: Guard, limits: FetchLimits) -> None:
        self.courtesy = Courtesy(limits.interval_seconds, limits.connections)
        self._session = session
        self._guard = guard
        self._limits = limits

    async def fetch(self, url: str, into: BinaryIO, known: Known | None = None) -> Fetched | None:
        """Write what is at a normal URL into a file; None when it is what is known already.

        Raises:
            FetchRefusedError: a rule of ours, or the server, is against it.
            FetchMissingError: there is nothing.
            FetchFailedError: the server did not answer well, however often it was asked.
            OversizedDocumentError: it is too large.
        """
        wait = _RETRY_SECONDS
        for _ in range(1, self._limits.tries):
            try:
                return await self._follow(url, into, known)
            except FetchFailedError as error:
                wait = max(wait, error.retry_after_seconds or 0.0)
                if wait > self._limits.longest_wait_seconds:
                    raise
            await asyncio.sleep(wait)
            wait *= 2
        return await self._follow(url, into, known)

    async def _follow(self, url: str, into: BinaryIO, known: Known | None) -> Fetched | None:
        at, where = url, ""
        for _ in range(self._limits.redirects + 1):
            answer = await self._ask(at, into, known, where=where)
            if not isinstance(answer, Moved):
                return answer
            at = normalise_url(answer.to, base=at)
            where = f"redirected to {at}: "
        raise FetchRefusedError(f"redirects more than {self._limits.redirects} times")

    async def _ask(
        self, url: str, into: BinaryIO, known: Known | None, *, where: str
    ) -> Fetched | Moved | None:
        host = URL(url, encoded=True).host or ""
        if ":" in host or host.replace(".", "").isdigit():
            self._guard.check(host, named=host)
        async with self.courtesy.turn(find_host(url)):
            with _plain_faults(where):
                return await self._exchange(url, into, known, where=where)

    async def _exchange(
        self, url: str, into: BinaryIO, known: Known | None, *, where: str
    ) -> Fetched | Moved | None:
        headers = {} if known is None else known.headers()
        async with self._session.get(
            URL(url, encoded=True), headers=headers, allow_redirects=False
        ) as response:
            answer = read_answer(response, where, conditional=known is not None)
            if answer is not None:
                return None if answer == "same" else answer
            saved = await self._save(response, into)
        digest = saved.digest.digest()
        return read_headers(response, url, size_bytes=saved.size_bytes, content_hash=digest)

    async def _save(self, response: aiohttp.ClientResponse, into: BinaryIO) -> Incoming:
        incoming = begin_anew(into, most_bytes=self._limits.size_bytes)
        async for part in response.content.iter_chunked(_PART_BYTES):
            incoming.add(part)
        return incoming


@contextmanager
def _plain_faults(where: str) -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except (ssl.CertificateError, aiohttp.ClientSSLError) as error:
        raise FetchRefusedError(f"{where}no secure connection: {error}") from error
    except TimeoutError as error:
        raise FetchFailedError(f"{where}the server takes too long") from error
    except aiohttp.ClientError as error:
        raise FetchFailedError(f"{where}{_explain(error)}") from error


def _explain(error: aiohttp.ClientError) -> str:
    """Say what happened, without the library's names for it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"the server cannot be reached: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer breaks off, or is damaged"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server broke the connection off"
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return f"the server's answer cannot be understood: {printable(said)[:_LONGEST_COMPLAINT]}"


@asynccontextmanager
async def open_fetcher(
    guard: Guard, limits: FetchLimits, *, secured_by: ssl.SSLContext | None = None
) -> AsyncIterator[Fetcher]:
    """Open a fetcher behind a guard; closes its connections.

    `secured_by` holds the certificates that are trusted in place of the system's.
    """
    connector = aiohttp.TCPConnector(
        resolver=guard,
        use_dns_cache=False,
        socket_factory=guard.make_socket,
        ssl=True if secured_by is None else secured_by,
    )
    times = aiohttp.ClientTimeout(
        total=limits.total_seconds,
        connect=limits.connect_seconds,
        sock_read=limits.silent_seconds,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=times,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",  # and nothing that an optional package unpacks
        },
    ) as session:
        yield Fetcher(session, guard, limits)
