"""An answer's events → a run: produced once, read by any number of connections, at any time.

A run is produced by a task that no connection owns. It has exactly one terminal event, whatever
happens to its task, and is kept for minutes after its end, so that a cut connection can resume.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager

from rag_api.event_log import EventLog, Reader
from rag_api.events import AnswerStream, Failed
from rag_core.errors import StoppedError

GRACE_SECONDS = 60.0
"""How long a detached run goes on while nobody reads it."""

CANCELLED = Failed(error="AnswerCancelledError", detail="the answer was cancelled", retryable=False)
ABANDONED = Failed(
    error="AnswerCancelledError",
    detail="the answer was cancelled: nobody was reading it any more",
    retryable=False,
)
STOPPED = Failed(error=StoppedError.__name__, detail=str(StoppedError()), retryable=True)
_BROKEN = Failed(
    error="InternalError", detail="the answer broke off; see the server's log", retryable=False
)

_LOG = logging.getLogger(__name__)


class Run:
    """One answer: the log of its events, and the task that produces them."""

    def __init__(self, *, detaches: bool, chat_id: str | None, grace_seconds: float) -> None:
        self.id = secrets.token_hex(12)
        """Not to be guessed: whoever knows it may read the run."""
        self.created_at = int(time.time())
        """Seconds since 1970."""
        self.chat_id = chat_id
        """The conversation in the caller's frontend, where the caller names one."""
        self.request: object = None
        """What `remember` was given."""
        self.log = EventLog()
        self.delivered = False
        """Whether the terminal event was written to a connection."""
        self._detaches = detaches
        self._grace_seconds = grace_seconds
        self._task: asyncio.Task[None] | None = None
        self._failure = CANCELLED
        self._leaving: asyncio.TimerHandle | None = None

    def begin(self, events: AnswerStream, on_end: Callable[[], None]) -> None:
        """Produce the events in a task of its own; `on_end` is called once, at the end."""
        self._task = asyncio.create_task(self._produce(events))
        self._task.add_done_callback(lambda task: self._end(task, on_end))
        self._wait_for_readers()

    def remember(self, request: object, *, size_bytes: int) -> None:
        """Keep the request with it, for a protocol that asks for it later; before it ends."""
        self.request = request
        self.log.size_bytes += size_bytes

    def cancel(self, failure: Failed = CANCELLED) -> None:
        """End it now, with this event; its connection to the chat model is closed at once."""
        if self._task is not None and not self.log.ended:
            self._failure = failure
            self._task.cancel()

    async def stop(self, failure: Failed = CANCELLED) -> None:
        """Cancel it, and wait until its connection is closed."""
        self.cancel(failure)
        if self._task is not None:
            await asyncio.wait({self._task})

    @contextmanager
    def reading(self, after: int = 0) -> Iterator[Reader]:
        """Read on behind the event with this number; when the last reader leaves, so may the run.

        A run that detaches is cancelled only when nobody comes back in time.
        """
        reader = self.log.open_reader(after)
        if self._leaving is not None:
            self._leaving.cancel()
        try:
            yield reader
        finally:
            self.log.close_reader(reader)
            if not self.log.has_readers:
                self._be_left()

    async def read(self, after: int = 0) -> AnswerStream:
        """The events behind this number as they come, to the terminal one."""
        with self.reading(after) as reader:
            while not reader.at_end:
                if events := await reader.next():
                    yield events

    async def _produce(self, events: AnswerStream) -> None:
        async with aclosing(events) as ready:
            async for together in ready:
                self.log.append(together)

    def _end(self, task: asyncio.Task[None], on_end: Callable[[], None]) -> None:
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            _LOG.error("run %s broke off", self.id, exc_info=fault)
        if not self.log.ended:
            self.log.append((self._failure if task.cancelled() else _BROKEN,))
        if self._leaving is not None:
            self._leaving.cancel()
        on_end()

    def _be_left(self) -> None:
        if self.log.ended:
            return
        if self._detaches:
            self._wait_for_readers()
        else:
            self.cancel(ABANDONED)

    def _wait_for_readers(self) -> None:
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(self._grace_seconds, self.cancel, ABANDONED)
