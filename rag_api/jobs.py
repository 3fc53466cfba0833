"""Jobs as the routes see them: stored for a worker, looked up, cancelled, followed to their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rag_core.catalog import jobs
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import Job, Selection, Wanted
from rag_core.errors import JobNotFoundError, RagError
from rag_core.uploads import discard_uploads

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""How often the catalog is asked for the jobs that somebody follows; all in one query."""


class Jobs(Protocol):
    """Where jobs are kept."""

    async def add(self, wanted: Wanted) -> Job:
        """Store a job for whichever worker comes first."""

    async def find(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Those of these jobs that there are, by id."""

    async def list(self, selection: Selection) -> Sequence[Job]:
        """A page of them, newest first."""

    async def cancel(self, job_id: str) -> Job:
        """End it, or ask its worker to; raises JobNotFoundError."""


@dataclass(frozen=True, slots=True)
class CatalogJobs:
    """The jobs of a catalog, whose files lie below a home."""

    catalog: Catalog
    home: Path

    async def add(self, wanted: Wanted) -> Job:
        """Store a job for whichever worker comes first."""
        return await jobs.add_job(self.catalog, wanted)

    async def find(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Those of these jobs that there are, by id."""
        return await jobs.find_jobs(self.catalog, job_ids)

    async def list(self, selection: Selection) -> Sequence[Job]:
        """A page of them, newest first."""
        return await jobs.list_jobs(self.catalog, selection)

    async def cancel(self, job_id: str) -> Job:
        """End it, or ask its worker to; raises JobNotFoundError."""
        job = await jobs.cancel_job(self.catalog, job_id)
        if job.state == "cancelled":
            await asyncio.to_thread(discard_uploads, self.home, job.id)
        return job


async def find_job(kept: Jobs, job_id: str) -> Job:
    """One job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    job = (await kept.find([job_id])).get(job_id)
    if job is None:
        raise JobNotFoundError(job_id)
    return job


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    job_id: str
    after: int
    changed: asyncio.Future[Job | None]


class JobWatch:
    """Tells any number of readers when jobs change; they change in other processes."""

    def __init__(self, kept: Jobs, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._jobs = kept
        self._poll_seconds = poll_seconds
        self._waiters: set[_Waiter] = set()
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    async def next(self, job_id: str, after: int) -> Job | None:
        """Wait until a job's version is above this; None when the server stops before.

        Raises:
            JobNotFoundError: there is none any more.
        """
        if self._closed:
            return None
        waiter = _Waiter(job_id, after, asyncio.get_running_loop().create_future())
        self._waiters.add(waiter)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            return await waiter.changed
        finally:
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Let go of all readers: the server stops."""
        self._closed = True
        if self._polling is not None:
            self._polling.cancel()
        for waiter in self._waiters:
            if not waiter.changed.done():
                waiter.changed.set_result(None)

    async def _poll(self) -> None:
        while self._waiters:
            try:
                found = await self._jobs.find(list({one.job_id for one in self._waiters}))
            except RagError as error:
                logger.warning("jobs cannot be followed: %s", error)
            else:
                self._tell(found)
            await asyncio.sleep(self._poll_seconds)

    def _tell(self, found: Mapping[str, Job]) -> None:
        for waiter in self._waiters:
            job = found.get(waiter.job_id)
            if waiter.changed.done():
                continue
            if job is None:
                waiter.changed.set_exception(JobNotFoundError(waiter.job_id))
            elif job.version > waiter.after:
                waiter.changed.set_result(job)
