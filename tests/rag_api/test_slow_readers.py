"""Clients that take nothing any more, over real sockets with small buffers."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send

from rag_api.cli import bind
from rag_api.event_log import TAKEN_EVENTS
from rag_api.events import Delta, Event
from rag_api.runs import Run
from rag_api.wire.native import NativeEncoder
from rag_api.wire.response import EventStreamResponse
from tests.answers import DONE, RETRIEVED, begin
from tests.servers import serving, until

WORDS = 3000
WORD = "word " * 100
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def talk() -> AsyncGenerator[tuple[Event, ...], None]:
    """An answer of a megabyte and a half, quickly given."""
    yield (RETRIEVED,)
    for number in range(WORDS):
        yield (Delta(text=f"{number} {WORD}"),)
        await asyncio.sleep(0)
    yield (DONE,)


class Relay:
    """Gives one run to all who ask, from where they want it; counts who is being served."""

    def __init__(self, run: Run, *, stalled_seconds: float) -> None:
        self.run = run
        self.serving = 0
        self.largest = 0
        self._stalled_seconds = stalled_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        after = int(scope["query_string"] or 0)

        async def send_measured(message: dict[str, object]) -> None:
            self.largest = max(self.largest, len(bytes(message.get("body", b""))))
            await send(message)

        response = EventStreamResponse(
            self.run,
            NativeEncoder(self.run.id, after=after),
            after=after,
            heartbeat_seconds=0.05,
            stalled_seconds=self._stalled_seconds,
        )
        self.serving += 1
        await response(scope, receive, send_measured)
        self.serving -= 1

    @asynccontextmanager
    async def serving_all(self) -> AsyncIterator[int]:
        """Serve them on a socket as the program opens it."""
        with bind("127.0.0.1", 0) as listener:
            async with serving(self, listener=listener) as port:
                yield port


def connect(port: int) -> socket.socket:
    """A client whose system takes only a few kilobytes for it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(REQUEST)
    return client


def read_rest(client: socket.socket) -> bytes:
    """All that is still in the buffers; then the connection is at its end."""
    client.settimeout(5)
    received = bytearray()
    while piece := client.recv(65_536):
        received += piece
    return bytes(received)


def numbers_of(received: bytes) -> list[int]:
    """The events that came whole."""
    return [int(number) for number in re.findall(rb"id: \w+:(\d+)\ndata: [^\n]+\n\n", received)]


async def test_a_client_that_stops_reading_is_cut_off_and_comes_back_for_the_rest() -> None:
    run = begin(talk(), detaches=True)
    relay = Relay(run, stalled_seconds=0.2)

    async with relay.serving_all() as port:
        with connect(port) as client:
            await until(lambda: relay.serving == 1)
            await until(lambda: relay.serving == 0)
            first = await asyncio.to_thread(read_rest, client)
        seen = numbers_of(first)
        with connect_after(port, seen[-1]) as client:
            rest = await asyncio.to_thread(read_rest, client)

    assert run.log.ended
    assert not first.endswith(b"0\r\n\r\n")
    assert len(seen) < WORDS
    assert seen + numbers_of(rest) == list(range(1, WORDS + 3))


def connect_after(port: int, number: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"GET /?%d HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % number)
    return client


async def test_the_answer_goes_on_while_its_reader_takes_nothing() -> None:
    run = begin(talk())
    relay = Relay(run, stalled_seconds=60)

    async with relay.serving_all() as port:
        with connect(port):
            await until(lambda: run.log.ended)

            assert relay.serving == 1


async def test_what_waits_for_a_slow_reader_is_bounded() -> None:
    relay = Relay(begin(talk()), stalled_seconds=60)

    async with relay.serving_all() as port:
        with connect(port) as client:
            await until(lambda: relay.run.log.ended)
            await asyncio.to_thread(client.recv, 65_536)
            received = await asyncio.to_thread(read_until_end, client)

    assert received.endswith(b"0\r\n\r\n")
    assert relay.largest <= TAKEN_EVENTS * (len(WORD) + 100)


def read_until_end(client: socket.socket) -> bytes:
    client.settimeout(5)
    received = b""
    while not received.endswith(b"0\r\n\r\n"):
        received += client.recv(65_536)
    return received


async def test_many_stuck_readers_leave_room_for_one_that_reads() -> None:
    relay = Relay(begin(talk(), detaches=True), stalled_seconds=60)

    async with relay.serving_all() as port:
        stuck = [await asyncio.to_thread(connect, port) for _ in range(50)]
        with connect(port) as client:
            received = await asyncio.to_thread(read_until_end, client)
        for one in stuck:
            one.close()

    assert numbers_of(received) == list(range(1, WORDS + 3))
