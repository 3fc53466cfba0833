"""Syncs again and again: when something has changed, and now and then in any case."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ingest.contents import Contents
from ingest.mirror import Mirror
from ingest.mirror_report import as_object, describe
from ingest.progress import drawing
from ingest.running import root_of
from ingest.screen import Screen
from ingest.sync import sync
from ingest.synced import Outcome, Run
from rag_core.errors import TooManyRemovalsError
from rag_core.index import Index

logger = logging.getLogger(__name__)

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """How long to wait after failures, twice as long after each."""

    seconds: float = _FIRST_SECONDS

    def fail(self) -> float:
        """The seconds to wait now."""
        now, self.seconds = self.seconds, min(2 * self.seconds, _LONGEST_SECONDS)
        return now

    def succeed(self) -> None:
        """Begin anew with the shortest wait."""
        self.seconds = _FIRST_SECONDS


@dataclass(slots=True)
class Rounds:
    """The rounds of one watch; what fails is told and tried again, and ends none of them."""

    mirror: Mirror
    screen: Screen
    changed: asyncio.Event
    """Files may have changed: there is a round."""
    stop: asyncio.Event
    every_seconds: float
    """Between two rounds that read every file again, whatever the file system told."""
    contents: Contents = field(default_factory=Contents)
    backoff: Backoff = field(default_factory=Backoff)
    read_all: float = 0.0
    """When that was last done, on the monotonic clock."""

    async def run(self, index: Index) -> None:
        """Sync until the stop."""
        while not self.stop.is_set():
            self.changed.clear()
            if time.monotonic() - self.read_all >= self.every_seconds:
                self.contents.forget()
                self.read_all = time.monotonic()
            if await self._sync(index):
                self.backoff.succeed()
                await wait_for_any(self.changed, self.stop, seconds=self.every_seconds)
            else:
                await self.pause()

    async def pause(self) -> None:
        """Wait after a failure; only the stop ends it."""
        await wait_for_any(self.stop, seconds=self.backoff.fail())

    def tell(self, error: Exception) -> None:
        """Say what failed."""
        self.screen.fail(error)

    async def _sync(self, index: Index) -> bool:
        """Do one round; whether the next may wait for a change."""
        try:
            with drawing(self.screen.aside, quiet=self.screen.as_json) as progress:
                async with _stopped_with(self.stop) as stop:
                    outcome = await sync(index, self.mirror, Run(progress, stop, self.contents))
        except TooManyRemovalsError as error:
            self.tell(error)
            return True
        except Exception as error:  # a full disk, too: it is no reason to end either
            logger.debug("a round failed", exc_info=True)
            self.tell(root_of(error))
            return False
        if self.screen.as_json or not _is_quiet(outcome):
            self.screen.show(as_object(outcome), describe(outcome))
        return outcome.ingested.error is None and outcome.proof.proven


@asynccontextmanager
async def _stopped_with(outer: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set with another: an ingest sets its own also when it fails."""
    inner = asyncio.Event()

    async def pass_on() -> None:
        await outer.wait()
        inner.set()

    passing = asyncio.create_task(pass_on())
    try:
        yield inner
    finally:
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)


def _is_quiet(outcome: Outcome) -> bool:
    """Whether a round found nothing that a person wants to hear of."""
    report, moves = outcome.ingested, outcome.moves
    done = report.added + report.updated + len(moves.renamed) + len(moves.removed)
    return not done and not outcome.exit_code


async def wait_for_any(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of these events, at most so long."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
