"""The runs of this process: how many may be in progress, how long the ended ones are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rag_api.answer_errors import AnswerNotFoundError
from rag_api.events import AnswerStream
from rag_api.runs import GRACE_SECONDS, STOPPED, Run
from rag_api.turns import Turns
from rag_core.errors import StoppedError

KEPT_SECONDS = 300.0
"""How long a run can be read after its end."""
KEPT_BYTES = 256 * 1024 * 1024
"""What all ended runs may take together; the oldest go first."""
QUEUE_SECONDS = 10.0
"""How long a question waits for its turn, before it is refused."""


class Place:
    """A question's leave to be answered."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.used = False
        """Whether a run has taken it over."""

    def start(self, events: AnswerStream, *, detaches: bool, chat_id: str | None = None) -> Run:
        """Begin a run that holds the place until it ends.

        `detaches`: it goes on for a while when its last reader leaves; else it is cancelled.
        """
        self.used = True
        return self._runs.add(events, detaches=detaches, chat_id=chat_id)


class Runs:
    """All runs in progress and those that ended lately, by their ids."""

    def __init__(
        self,
        *,
        most: int,
        queue_seconds: float = QUEUE_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
        kept_bytes: int = KEPT_BYTES,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.turns = Turns(most, seconds=queue_seconds)
        self._closed = False
        self._admitting: set[asyncio.Timeout] = set()
        self._kept_seconds = kept_seconds
        self._kept_bytes = kept_bytes
        self._grace_seconds = grace_seconds
        self._runs: dict[str, Run] = {}
        self._by_chat: dict[str, Run] = {}
        self._ended: dict[str, Run] = {}
        self._ended_bytes = 0

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[Place]:
        """Wait for a place, first come first served; as many may wait as may be answered.

        Raises:
            OverloadedError: too many wait already, or it took too long.
            StoppedError: the server stops; also from within, where the question is prepared.
        """
        async with self._until_closed():
            await self.turns.take()
            place = Place(self)
            try:
                yield place
            finally:
                if not place.used:
                    self.turns.give_back()

    def add(self, events: AnswerStream, *, detaches: bool, chat_id: str | None) -> Run:
        """Begin a run; called by a Place."""
        run = Run(detaches=detaches, chat_id=chat_id, grace_seconds=self._grace_seconds)
        self._runs[run.id] = run
        if chat_id is not None:
            self._by_chat[chat_id] = run
        run.begin(events, lambda: self._keep(run))
        return run

    def find(self, run_id: str) -> Run:
        """A run in progress, or one that ended lately.

        Raises:
            AnswerNotFoundError: there is none.
        """
        run = self._runs.get(run_id)
        if run is None:
            raise AnswerNotFoundError(run_id)
        return run

    def find_by_chat(self, chat_id: str) -> Run | None:
        """The newest run of a conversation; None when there is none any more."""
        return self._by_chat.get(chat_id)

    async def close(self) -> None:
        """End all runs, as the server stops, and take no more."""
        self._closed = True
        for limit in self._admitting:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())
        await asyncio.gather(
            *(run.stop(STOPPED) for run in self._runs.values() if not run.log.ended)
        )

    @asynccontextmanager
    async def _until_closed(self) -> AsyncIterator[None]:
        if self._closed:
            raise StoppedError
        try:
            async with asyncio.timeout(None) as limit:
                self._admitting.add(limit)
                try:
                    yield
                finally:
                    self._admitting.remove(limit)
        except TimeoutError as error:
            if not self._closed:
                raise
            raise StoppedError from error

    def _keep(self, run: Run) -> None:
        self.turns.give_back()
        self._ended[run.id] = run
        self._ended_bytes += run.log.size_bytes
        asyncio.get_running_loop().call_later(self._kept_seconds, self._drop, run)
        while self._ended_bytes > self._kept_bytes:
            self._drop(next(iter(self._ended.values())))

    def _drop(self, run: Run) -> None:
        if self._ended.pop(run.id, None) is None:
            return
        self._ended_bytes -= run.log.size_bytes
        del self._runs[run.id]
        if run.chat_id is not None and self._by_chat.get(run.chat_id) is run:
            del self._by_chat[run.chat_id]
