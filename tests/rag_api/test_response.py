from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message

from rag_api.event_log import KEPT_EVENTS
from rag_api.events import Delta, Event
from rag_api.wire.native import NativeEncoder
from rag_api.wire.response import EventStreamResponse, client_leaves, work_until
from tests.answers import DONE, RETRIEVED, begin, stream
from tests.servers import serving, until

WORD = (Delta(text="word " * 2000),)


class Connection:
    """A client's end of a request, with a socket that may be full."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.writable.wait()
        self.sent.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent if "body" in message]


class Endless:
    """An answer that never ends, and knows how far it was read and whether it was closed."""

    def __init__(self, *, pause_seconds: float = 0.0) -> None:
        self.pulled = 0
        self.closed = asyncio.Event()
        self._pause_seconds = pause_seconds

    async def produce(self, count: int) -> None:
        """Return when it was read this far."""
        async for _ in self._steps():
            if self.pulled >= count:
                return

    async def _steps(self) -> AsyncGenerator[None, None]:
        while True:
            await asyncio.sleep(0)
            yield

    async def stream(self) -> AsyncGenerator[tuple[Event, ...], None]:
        try:
            while True:
                self.pulled += 1
                yield WORD
                await asyncio.sleep(self._pause_seconds)
        finally:
            self.closed.set()


async def run(response: EventStreamResponse, connection: Connection) -> None:
    await response({"type": "http"}, connection.receive, connection.send)


@asynccontextmanager
async def running(
    response: EventStreamResponse, connection: Connection
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(run(response, connection))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_became_ready_together_is_sent_together() -> None:
    connection = Connection()
    events = stream((RETRIEVED,), (Delta(text="a"), Delta(text="b"), DONE), pause_seconds=0.01)

    await run(EventStreamResponse(begin(events), NativeEncoder("run")), connection)

    assert [body.count(b"event: ") for body in connection.bodies] == [1, 3, 0]
    assert connection.sent[-1]["more_body"] is False


async def test_the_headers_keep_proxies_from_storing_the_stream() -> None:
    connection = Connection()

    await run(
        EventStreamResponse(begin(stream((RETRIEVED, DONE))), NativeEncoder("run")), connection
    )

    headers = dict(connection.sent[0]["headers"])
    assert headers == {
        b"content-type": b"text/event-stream",
        b"cache-control": b"no-cache",
        b"x-accel-buffering": b"no",
    }


async def test_silence_is_broken_by_comments() -> None:
    connection, silent = Connection(), Endless(pause_seconds=60)
    response = EventStreamResponse(
        begin(silent.stream()), NativeEncoder("run"), heartbeat_seconds=0.02
    )

    async with running(response, connection):
        await asyncio.sleep(0.15)

    assert 3 <= connection.bodies.count(b": ping\n\n") <= 8


async def test_a_talking_answer_is_not_interrupted() -> None:
    connection, talking = Connection(), Endless(pause_seconds=0.005)
    response = EventStreamResponse(
        begin(talking.stream()), NativeEncoder("run"), heartbeat_seconds=0.1
    )

    async with running(response, connection):
        await asyncio.sleep(0.3)

    assert b": ping\n\n" not in connection.bodies


async def test_the_answer_is_closed_when_the_client_leaves() -> None:
    connection, silent = Connection(), Endless(pause_seconds=60)

    async with running(
        EventStreamResponse(begin(silent.stream()), NativeEncoder("r")), connection
    ) as task:
        await asyncio.sleep(0.01)
        connection.left.set()
        await asyncio.wait_for(task, 1)

    await asyncio.wait_for(silent.closed.wait(), 1)
    assert connection.sent[-1]["more_body"] is True


async def test_a_slow_reader_gets_together_what_it_missed() -> None:
    connection = Connection()
    slow = begin(stream((RETRIEVED,), *[(Delta(text=str(place)),) for place in range(50)], (DONE,)))

    async with running(EventStreamResponse(slow, NativeEncoder("run")), connection) as task:
        connection.writable.clear()
        await asyncio.sleep(0.05)
        connection.writable.set()
        await task

    assert slow.log.ended
    assert [body.count(b"event: ") for body in connection.bodies] == [52, 0]


async def test_a_reader_that_the_log_has_left_behind_is_cut_off() -> None:
    connection, talking = Connection(), Endless()
    endless = begin(talking.stream())

    async with running(EventStreamResponse(endless, NativeEncoder("run")), connection) as task:
        await asyncio.sleep(0.01)
        connection.writable.clear()
        await talking.produce(2 * KEPT_EVENTS)
        connection.writable.set()
        await task

    assert connection.sent[-1]["more_body"] is True


async def test_a_client_that_stops_reading_is_given_up() -> None:
    connection, talking = Connection(), Endless()
    response = EventStreamResponse(
        begin(talking.stream()), NativeEncoder("run"), heartbeat_seconds=0.02, stalled_seconds=0.05
    )

    async with running(response, connection) as task:
        await asyncio.sleep(0.01)
        connection.writable.clear()
        await asyncio.wait_for(task, 2)

    await asyncio.wait_for(talking.closed.wait(), 1)


async def test_an_end_that_a_gone_client_did_not_take_is_not_delivered() -> None:
    connection = Connection()
    answer = begin(stream((RETRIEVED,), (DONE,), pause_seconds=0.02), detaches=True)

    async with running(EventStreamResponse(answer, NativeEncoder("run")), connection) as task:
        await asyncio.sleep(0.01)
        connection.writable.clear()
        await until(lambda: answer.log.ended)
        connection.left.set()
        connection.writable.set()
        await asyncio.wait_for(task, 1)

    assert not answer.delivered


async def test_a_cancelled_request_closes_the_answer() -> None:
    connection, silent = Connection(), Endless(pause_seconds=60)

    async with running(
        EventStreamResponse(begin(silent.stream()), NativeEncoder("r")), connection
    ) as task:
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    await asyncio.wait_for(silent.closed.wait(), 1)


async def test_an_answer_cut_short_by_the_server_ends_with_failed() -> None:
    connection = Connection()
    response = EventStreamResponse(begin(Endless(pause_seconds=60).stream()), NativeEncoder("run"))

    async with running(response, connection) as task:
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task)

    assert b"event: failed" in connection.bodies[-1]
    assert b"StoppedError" in connection.bodies[-1]
    assert connection.sent[-1]["more_body"] is False


async def test_an_answer_that_has_ended_gets_no_second_end_from_a_stopping_server() -> None:
    connection = Connection()
    ended = begin(stream((RETRIEVED, DONE)))
    await asyncio.sleep(0.01)

    async with running(EventStreamResponse(ended, NativeEncoder("run")), connection) as task:
        await until(lambda: connection.bodies)
        connection.writable.clear()
        task.cancel()
        connection.writable.set()
        await asyncio.gather(task, return_exceptions=True)

    assert b"".join(connection.bodies).count(b"event: failed") == 0


async def test_work_ends_when_the_client_leaves() -> None:
    connection = Connection()
    connection.left.set()

    with pytest.raises(ClientDisconnect):
        await work_until(asyncio.sleep(60), end=client_leaves(connection.receive))


def app_for(endless: Endless) -> ASGIApp:
    return EventStreamResponse(begin(endless.stream()), NativeEncoder("run"))


async def test_over_a_socket_a_leaving_client_closes_the_answer() -> None:
    silent = Endless(pause_seconds=60)

    async with serving(app_for(silent)) as port:
        _, writer = await _open(port)
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.wait_for(silent.closed.wait(), 2)


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await writer.drain()
    return reader, writer
