"""The HTTP server's end: no more calls, time for what was begun, a last word to everyone."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 2048
"""Connections that may wait to be taken, as many as the system allows."""
_LAST_WORD_SECONDS = 2
"""How long a client may take to read how its answer ended; then its connection is cut."""
_UNFORESEEN_SECONDS = 3
"""How much later the server itself gives up whatever has not come to its end."""

EndAnswers = Callable[[], Awaitable[None]]


class Server(uvicorn.Server):
    """Ends the answers that are not finished in time, each in its own protocol.

    uvicorn has no hook at the beginning of its shutdown, and would only cut the connections.
    """

    def __init__(self, app: ASGIApp, *, drain_seconds: float) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            workers=1,
            backlog=BACKLOG,
            timeout_graceful_shutdown=math.ceil(drain_seconds)
            + _LAST_WORD_SECONDS
            + _UNFORESEEN_SECONDS,
        )
        super().__init__(config)
        self.end_answers: EndAnswers | None = None
        """Ends all answers in progress; known when the application has started."""
        self.begin_to_stop: Callable[[], None] = _do_nothing
        """Lets go of readers that can come back at any time; called before the answers end."""
        self._drain_seconds = drain_seconds
        self._hurry = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; at the second signal wait no longer."""
        if self.should_exit and not self._hurry.is_set():
            # Not from within the loop, but it wakes up ten times a second to look.
            self._hurry.set()
        else:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more calls, wait for the answers in progress, then end those that are left."""
        self.begin_to_stop()
        ending = asyncio.create_task(self._end_answers())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()

    async def _end_answers(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                await self._hurry.wait()
        if self.end_answers is not None:
            await self.end_answers()
        await asyncio.sleep(_LAST_WORD_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _do_nothing() -> None:
    """What is called before anything is open."""
