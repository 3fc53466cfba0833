"""A run as a streamed response: one `send` for all that became ready together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rag_api.event_log import Reader
from rag_api.events import Event, Gap
from rag_api.runs import STOPPED, Run

HEARTBEAT_SECONDS = 15.0
"""The longest silence: proxies close a connection that says nothing for long."""
STALLED_SECONDS = 120.0
"""How long a client may take to read what was sent, before its connection is given up."""
EVENT_STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}

# Of the event loop: the server wakes `client_leaves`, which ends, which calls `_leave`.
_TURNS_UNTIL_LEFT = 2

# A comment: no client mistakes it for an event.
_PING = b": ping\n\n"

T = TypeVar("T")


class Encoder(Protocol):
    """Writes the events of one run in one protocol."""

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""


class EventStreamResponse(Response):
    """Relays a run to one client, from a place in its log, while the client is there.

    What became ready while the socket took the last events is sent together. A client that leaves,
    or reads nothing for long, only gives up its place: the run decides whether it goes on.
    """

    def __init__(
        self,
        run: Run,
        encoder: Encoder,
        *,
        after: int = 0,
        headers: Mapping[str, str] | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        super().__init__(headers={**EVENT_STREAM_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._run = run
        self._encoder = encoder
        self._after = after
        self._heartbeat_seconds = heartbeat_seconds
        self._stalled_seconds = stalled_seconds
        self._sent_at = time.monotonic()
        self._sending = False
        self._ping_due = False
        self._left = False
        self._timer: asyncio.TimerHandle

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the run; return early when the client has left or stopped reading."""
        with self._run.reading(self._after) as reader:
            head = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **head})
            leaving = asyncio.ensure_future(client_leaves(receive))
            leaving.add_done_callback(lambda _: self._leave(reader))
            self._look(reader, asyncio.current_task())
            try:
                await self._relay(send, reader)
            except asyncio.CancelledError:
                if not reader.at_end:
                    await self._say_stopped(send)
            finally:
                leaving.cancel()
                self._timer.cancel()

    async def _say_stopped(self, send: Send) -> None:
        # The server waits for answers no longer. A full socket takes no last word.
        if not (self._sending or self._left):
            await self._send_end(send, self._encoder.encode((STOPPED,)))

    async def _relay(self, send: Send, reader: Reader) -> None:
        started = False
        while not reader.at_end:
            events = await reader.next()
            if self._left or (started and _was_overtaken(events)):
                # Without an empty body at the end the server aborts the connection: no clean end.
                return
            started = True
            await self._send(send, self._encoder.encode(events) if events else b"")
        # A full socket takes everything as soon as its client is gone, and that it is comes after.
        for _ in range(_TURNS_UNTIL_LEFT):
            await asyncio.sleep(0)
        if self._left:
            return
        self._run.delivered = True
        await self._send_end(send, b"")

    async def _send_end(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send(self, send: Send, body: bytes) -> None:
        body = body or (_PING if self._ping_due else b"")
        if not body:
            return
        self._sending = True
        await send({"type": "http.response.body", "body": body, "more_body": True})
        self._sending = self._ping_due = False
        self._sent_at = time.monotonic()

    def _leave(self, reader: Reader) -> None:
        self._left = True
        reader.wake()

    def _look(self, reader: Reader, relaying: asyncio.Task[None] | None) -> None:
        """Break a silence with a comment, give up a client that reads no more, look again later."""
        silent_seconds = time.monotonic() - self._sent_at
        if self._sending and silent_seconds >= self._stalled_seconds and relaying is not None:
            self._left = True
            relaying.cancel()
            return
        if not self._sending and silent_seconds >= self._heartbeat_seconds:
            self._ping_due = True
            reader.wake()
        next_seconds = max(self._heartbeat_seconds - silent_seconds, self._heartbeat_seconds / 4)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(next_seconds, self._look, reader, relaying)


def _was_overtaken(events: Sequence[Event]) -> bool:
    """Whether the log has left a slow reader behind; it may come back for the rest."""
    return bool(events) and isinstance(events[0], Gap)


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
