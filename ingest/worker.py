"""The command `ingest worker`: takes jobs from the catalog, one after another, until stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from ingest.addition import stopping
from ingest.job import LEASE_SECONDS, Outcome, run_job
from ingest.screen import Screen
from ingest.worker_life import give_way, living, name_worker, release_dead, sweep
from rag_core.catalog import claims
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.errors import UnavailableError
from rag_core.index import Index, open_index
from rag_core.parent import end_with_parent
from rag_core.settings import Settings

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_LOOK_SECONDS = 5.0
"""How often a worker looks for others that were killed."""
_AWAY_SECONDS = 10.0
"""How long it waits for a catalog, or a Chroma, that does not answer."""
_SWEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Wish:
    """How a worker is to work."""

    once: bool = False
    """End when no job is due."""
    low_priority: bool = False
    """Let every other process go first."""
    parent: int | None = None
    """The process that we are to end with."""


@dataclass(slots=True)
class Worker:
    """One worker from its start to its end."""

    settings: Settings
    catalog: Catalog
    stop: asyncio.Event
    stack: AsyncExitStack
    """Closes what was opened for the first job."""
    wish: Wish = field(default_factory=Wish)
    name: str = field(default_factory=name_worker)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    index: Index | None = None
    """Opened for the first job, and kept: until then we take little memory."""
    away_seconds: float = _AWAY_SECONDS
    """How long to wait while the catalog does not answer."""
    looked_at: float = float("-inf")
    swept_at: float = float("-inf")

    async def work(self) -> None:
        """Take jobs until the stop, or until none is due."""
        while not self.stop.is_set():
            try:
                await self._tidy()
                if await self._take():
                    continue
            except UnavailableError as error:
                logger.warning("cannot work: %s; trying again", error)
                await self._rest(self.away_seconds)
                continue
            if self.wish.once:
                return
            await self._rest(_POLL_SECONDS)

    async def _take(self) -> bool:
        """Do one job, if one is due."""
        if not await claims.is_job_due(self.catalog):
            return False
        index = self.index or await self._open()
        job = await claims.claim_job(self.catalog, self.name, lease_seconds=LEASE_SECONDS)
        if job is None:
            return False
        logger.info("job %s: attempt %d", job.id, job.attempts)
        self.outcomes[await run_job(index, job, settings=self.settings, stop=self.stop)] += 1
        return True

    async def _open(self) -> Index:
        self.index = await self.stack.enter_async_context(open_index(self.settings))
        # Not before: a Chroma that we have started would be as slow as we are, for everyone.
        if self.wish.low_priority:
            give_way()
        return self.index

    async def _tidy(self) -> None:
        """Do now and then what no job is there for."""
        now, home = asyncio.get_running_loop().time(), self.settings.home
        if now - self.looked_at >= _LOOK_SECONDS:
            await release_dead(self.catalog, home)
            self.looked_at = now
        if now - self.swept_at >= _SWEEP_SECONDS:
            await sweep(self.catalog, home)
            self.swept_at = now

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()


async def work(settings: Settings, screen: Screen, wish: Wish) -> int:
    """Take jobs until SIGTERM, or the death of the parent."""
    with stopping() as stop:
        if wish.parent is not None:
            # Ctrl-C at the terminal is for the parent to pass on. Not a session of its own: Linux
            # shares processors fairly between sessions, whatever priority their processes have.
            os.setpgrp()
            if not end_with_parent(wish.parent, signal.SIGTERM):
                return 0
        async with (
            open_catalog(settings.catalog_url) as catalog,
            AsyncExitStack() as stack,
        ):
            worker = Worker(settings, catalog, stop, stack, wish)
            with living(settings.home, worker.name):
                await worker.work()
    counts = {
        outcome.replace(" ", "_"): worker.outcomes[outcome]
        for outcome in ("done", "failed", "cancelled", "put back")
    }
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    screen.show(counts, [f"jobs: {told}"])
    return 0
