"""An answer's events as a streamed response: one `send` for all that became ready together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rag_api.events import Event, Failed
from rag_api.wire.completed import AnswerStream

HEARTBEAT_SECONDS = 15.0
"""The longest silence: proxies close a connection that says nothing for long."""
STALLED_SECONDS = 120.0
"""How long a client may take to read what was sent, before its connection is given up."""
EVENT_STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}

# A comment: no client mistakes it for an event.
_PING = b": ping\n\n"
_STOPPED = Failed(
    error="StoppedError", detail="the server stops; ask again when it is back", retryable=True
)

T = TypeVar("T")


class Encoder(Protocol):
    """Writes the events of one run in one protocol."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""


class EventStreamResponse(Response):
    """Relays an answer while its client is there.

    The next events are asked for when the socket took the last ones: a slow reader slows the chat
    model's connection down, and what waits there comes as one tuple. When the client leaves, the
    answer is closed at once, and with it the request to the chat model.
    """

    def __init__(
        self,
        stream: AnswerStream,
        encoder: Encoder,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        super().__init__(headers=EVENT_STREAM_HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._encoder = encoder
        self._heartbeat_seconds = heartbeat_seconds
        self._stalled_seconds = stalled_seconds
        self._sent_at = 0.0
        self._sending = False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; return early when the client has left or stopped reading."""
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        self._sent_at = time.monotonic()
        try:
            await work_until(self._relay(send), end=self._watch(receive, send))
        except ClientDisconnect:
            # Without an empty body at the end the server aborts the connection: no clean end.
            return
        except asyncio.CancelledError:
            # The server stops, and waits for answers no longer. A full socket takes no last word.
            if self._sending:
                raise
            await self._send_end(send, self._encoder.encode((_STOPPED,)))

    async def _relay(self, send: Send) -> None:
        encode = self._encoder.encode
        async with aclosing(self._stream) as stream:
            async for events in stream:
                await self._send(send, encode(events))
        await self._send_end(send, b"")

    async def _send_end(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send(self, send: Send, body: bytes) -> None:
        self._sending = True
        await send({"type": "http.response.body", "body": body, "more_body": True})
        self._sending = False
        self._sent_at = time.monotonic()

    async def _watch(self, receive: Receive, send: Send) -> None:
        """Break each silence with a comment; return when the client is gone or reads no more."""
        leaving = asyncio.ensure_future(client_leaves(receive))
        try:
            while not (leaving.done() or self._has_stalled()):
                silent_seconds = time.monotonic() - self._sent_at
                if silent_seconds >= self._heartbeat_seconds and not self._sending:
                    await self._send(send, _PING)
                await asyncio.wait({leaving}, timeout=self._next_look_seconds())
        finally:
            leaving.cancel()

    def _has_stalled(self) -> bool:
        return self._sending and time.monotonic() - self._sent_at >= self._stalled_seconds

    def _next_look_seconds(self) -> float:
        if self._sending:
            return min(self._heartbeat_seconds, self._stalled_seconds)
        return max(0.0, self._sent_at + self._heartbeat_seconds - time.monotonic())


async def client_leaves(receive: Receive) -> None:
    """Return when the client has closed its connection; the request was read before."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def work_until(work: Coroutine[None, None, T], *, end: Coroutine[None, None, None]) -> T:
    """Do the work, unless `end` returns first; neither runs on afterwards.

    Raises:
        ClientDisconnect: `end` returned first; the work was cancelled.
    """
    working, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        ending.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
