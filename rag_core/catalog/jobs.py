"""Jobs: what is to be ingested, who is at it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Update, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, storable
from rag_core.documents import new_document_id
from rag_core.errors import JobCancelledError, JobNotFoundError, RagError

State = Literal["queued", "running", "done", "failed", "cancelled"]
Ending = Literal["done", "failed", "cancelled"]

_table = tables.jobs
_ACTIVE = ("queued", "running")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was uploaded with a job."""

    source: str
    """The document's name in its collection."""
    name: str
    """Of the file on the disk, without its folder."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants ingested: files, or what is at a URL."""

    collection: str
    """Made with the first document, if there is none of this name."""
    files: tuple[UploadedFile, ...] = ()
    url: str | None = None
    metadata: Mapping[str, str] | None = None
    """For every file, in place of what it has; None leaves each what it has."""
    id: str = field(default_factory=new_document_id)
    """Sorts by the time of making."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was read."""

    id: str
    collection: str
    state: State
    files: tuple[UploadedFile, ...]
    url: str | None
    metadata: Mapping[str, str] | None
    progress: Mapping[str, int]
    """Counts of the ingest under way; empty before it begins."""
    report: Mapping[str, Any] | None
    """Of the ingest, as `ingest add --json` prints it; None when it did not come to one."""
    error: str | None
    """The class name of what ended it, or the last attempt."""
    detail: str | None
    cancelling: bool
    """Somebody has cancelled it, and its worker has not seen it yet."""
    attempts: int
    worker: str | None
    """Who has it, or had it last."""
    due_at: datetime | None
    """From when on a worker may take it: at once, later, or when its worker is silent for long."""
    version: int
    """Counts its changes."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in _ACTIVE


@dataclass(frozen=True, slots=True)
class Fault:
    """What ended a job, or an attempt at it."""

    error: str
    """The error's class name."""
    detail: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which jobs are listed."""

    limit: int
    after: str | None = None
    """The last id of the page before."""
    state: State | None = None
    collection: str | None = None


JOB_COLUMNS = tuple(_table.c[name] for name in Job.__slots__)


def describe(error: RagError) -> Fault:
    """Keep an error as a job does."""
    return Fault(type(error).__name__, str(error))


async def add_job(catalog: Catalog, wanted: Wanted) -> Job:
    """Store a job for whichever worker comes first."""
    async with catalog.writing() as connection:
        now = await job_time(connection)
        values = {
            "id": wanted.id,
            "collection": storable(wanted.collection),
            "state": "queued",
            "files": [asdict(file) for file in wanted.files],
            "url": None if wanted.url is None else storable(wanted.url),
            "metadata": None if wanted.metadata is None else dict(wanted.metadata),
            "progress": {},
            "cancelling": False,
            "attempts": 0,
            "due_at": now,
            "version": 1,
            "created_at": now,
        }
        await connection.execute(insert(_table), values)
        return await read_job(connection, wanted.id)


async def get_job(catalog: Catalog, job_id: str) -> Job:
    """Read a job.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    async with catalog.reading() as connection:
        return await read_job(connection, job_id)


async def find_jobs(catalog: Catalog, job_ids: Sequence[str]) -> dict[str, Job]:
    """Read those of these jobs that there are, by id."""
    query = select(*JOB_COLUMNS).where(among(_table.c.id, job_ids))
    async with catalog.reading() as connection:
        return {row[0]: make_job(row) for row in await connection.execute(query)}


async def list_jobs(catalog: Catalog, wanted: Selection) -> list[Job]:
    """Page through the jobs, newest first."""
    query = select(*JOB_COLUMNS).order_by(_table.c.id.desc()).limit(wanted.limit)
    if wanted.after is not None:
        query = query.where(_table.c.id < storable(wanted.after))
    if wanted.state is not None:
        query = query.where(_table.c.state == wanted.state)
    if wanted.collection is not None:
        query = query.where(_table.c.collection == storable(wanted.collection))
    async with catalog.reading() as connection:
        return [make_job(row) for row in await connection.execute(query)]


async def cancel_job(catalog: Catalog, job_id: str) -> Job:
    """End a job that waits; ask the worker of one that runs to stop. One that ended stays.

    Raises:
        JobNotFoundError: there is none of this id.
    """
    async with catalog.writing() as connection:
        job = await read_job(connection, job_id, lock=True)
        if job.state == "queued":
            await connection.execute(end_job(job, "cancelled", await job_time(connection)))
        elif job.state == "running" and not job.cancelling:
            await connection.execute(change_job(job).values(cancelling=True))
        return await read_job(connection, job_id)


async def active_ids(catalog: Catalog) -> set[str]:
    """Name the jobs that have not ended."""
    async with catalog.reading() as connection:
        query = select(_table.c.id).where(_table.c.state.in_(_ACTIVE))
        return set(await connection.scalars(query))


async def forget_jobs(catalog: Catalog, *, age: timedelta) -> int:
    """Delete the jobs that ended so long ago; returns how many."""
    async with catalog.writing() as connection:
        old = delete(_table).where(_table.c.finished_at < await job_time(connection) - age)
        return (await connection.execute(old)).rowcount


async def job_time(connection: AsyncConnection) -> datetime:
    """The time by the one clock that all workers share."""
    if connection.dialect.name == "postgresql":
        now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        return now
    return datetime.now(UTC)


async def read_job(connection: AsyncConnection, job_id: str, *, lock: bool = False) -> Job:
    """Read a job within a transaction, which may lock it; raises JobNotFoundError."""
    query = select(*JOB_COLUMNS).where(_table.c.id == storable(job_id))
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise JobNotFoundError(job_id)
    return make_job(row)


def make_job(row: Sequence[Any]) -> Job:
    """Make a Job of a row of JOB_COLUMNS."""
    values = dict(zip(Job.__slots__, row, strict=True))
    files = tuple(UploadedFile(**file) for file in values.pop("files"))
    return Job(files=files, **values)


def change_job(job: Job) -> Update:
    """Begin a statement that changes a job, and counts the change."""
    return (
        update(_table).where(_table.c.id == job.id).values({_table.c.version: _table.c.version + 1})
    )


def end_job(job: Job, state: Ending, now: datetime, fault: Fault | None = None) -> Update:
    """End a job in whatever state it is."""
    return change_job(job).values(**ending(state, now, fault))


def ending(state: Ending, now: datetime, fault: Fault | None) -> dict[str, object]:
    """What the columns of an ended job hold."""
    if state == "cancelled":
        fault = describe(JobCancelledError())
    return {"state": state, "due_at": None, "finished_at": now, **faulty(fault)}


def faulty(fault: Fault | None) -> dict[str, object]:
    """What the columns of a fault hold; None empties them."""
    if fault is None:
        return {"error": None, "detail": None}
    return {"error": fault.error, "detail": storable(fault.detail)}
