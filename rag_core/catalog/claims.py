"""A job in the hands of one worker: claimed, kept, finished or put back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import (
    JOB_COLUMNS,
    Ending,
    Fault,
    Job,
    change_job,
    describe,
    end_job,
    ending,
    faulty,
    job_time,
    make_job,
    read_job,
)
from rag_core.errors import JobAbandonedError

MAX_ATTEMPTS = 5
"""How often a job is begun; one that a worker gave back in good order does not count."""

_table = tables.jobs


async def is_job_due(catalog: Catalog) -> bool:
    """Tell whether a worker would get a job now; cheaper than to claim one in vain."""
    async with catalog.reading() as connection:
        now = await job_time(connection)
        query = select(_table.c.id).where(_table.c.due_at <= now).limit(1)
        return (await connection.execute(query)).first() is not None


async def claim_job(catalog: Catalog, worker: str, *, lease_seconds: float) -> Job | None:
    """Take the oldest job that is due, for so long; None when there is none.

    No two workers get one job: PostgreSQL passes over rows that another has locked, SQLite has
    one writer. A job that was cancelled, or begun too often, is ended on the way.
    """
    async with catalog.writing() as connection:
        return await _claim(connection, worker, timedelta(seconds=lease_seconds))


async def keep_job(
    catalog: Catalog, claimed: Job, progress: Mapping[str, int], *, lease_seconds: float
) -> Job | None:
    """Say that its worker is alive, and how far it is; None when another has the job now."""
    async with catalog.writing() as connection:
        until = await job_time(connection) + timedelta(seconds=lease_seconds)
        change = _ours(claimed).values(due_at=until, progress=dict(progress))
        if not (await connection.execute(change)).rowcount:
            return None
        return await read_job(connection, claimed.id)


async def finish_job(
    catalog: Catalog,
    claimed: Job,
    state: Ending,
    *,
    progress: Mapping[str, int] | None = None,
    report: Mapping[str, Any] | None = None,
    fault: Fault | None = None,
) -> bool:
    """End a job that one has claimed; False when another has it now, and nothing is changed.

    Without progress, what was told last stays.
    """
    async with catalog.writing() as connection:
        now = await job_time(connection)
        change = _ours(claimed).values(report=report, **ending(state, now, fault))
        if progress is not None:
            change = change.values(progress=dict(progress))
        return (await connection.execute(change)).rowcount == 1


async def put_back_job(
    catalog: Catalog, claimed: Job, *, delay_seconds: float = 0, fault: Fault | None = None
) -> bool:
    """Let a job wait for a worker again; False when another has it now.

    With a fault the attempt counts, without it does not.
    """
    async with catalog.writing() as connection:
        due = await job_time(connection) + timedelta(seconds=delay_seconds)
        attempts = claimed.attempts if fault is not None else claimed.attempts - 1
        change = _ours(claimed).values(
            state="queued", due_at=due, attempts=attempts, **faulty(fault)
        )
        return (await connection.execute(change)).rowcount == 1


async def release_jobs(catalog: Catalog, worker: str) -> int:
    """Let others take the jobs of a worker that is known to be dead; returns how many."""
    async with catalog.writing() as connection:
        change = (
            update(_table)
            .where(_table.c.state == "running", _table.c.worker == worker)
            .values(due_at=await job_time(connection))
        )
        return (await connection.execute(change)).rowcount


def _ours(claimed: Job) -> Update:
    """Change a job while it is in the hands of who claimed it."""
    return change_job(claimed).where(
        _table.c.state == "running",
        _table.c.worker == claimed.worker,
        _table.c.attempts == claimed.attempts,
    )


async def _claim(connection: AsyncConnection, worker: str, lease: timedelta) -> Job | None:
    now = await job_time(connection)
    query = (
        select(*JOB_COLUMNS)
        .where(_table.c.due_at <= now)
        .order_by(_table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (row := (await connection.execute(query)).first()) is not None:
        job = make_job(row)
        if (hopeless := _end_hopeless(job, now)) is None:
            await connection.execute(_begin(job, worker, now, now + lease))
            return await read_job(connection, job.id)
        await connection.execute(hopeless)
    return None


def _end_hopeless(job: Job, now: datetime) -> Update | None:
    if job.cancelling:
        return end_job(job, "cancelled", now)
    if job.attempts >= MAX_ATTEMPTS:
        return end_job(job, "failed", now, describe(JobAbandonedError(job.attempts)))
    return None


def _begin(job: Job, worker: str, now: datetime, until: datetime) -> Update:
    return change_job(job).values(
        state="running",
        worker=worker,
        attempts=job.attempts + 1,
        due_at=until,
        started_at=job.started_at or now,
        progress={},
        **faulty(None),
    )
