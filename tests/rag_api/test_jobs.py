from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from rag_api.jobs import CatalogJobs, Jobs, JobWatch
from rag_api.parts import Parts
from rag_api.wire.job_stream import JobStream
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.jobs import Job, Selection, UploadedFile, Wanted
from rag_core.errors import CatalogUnavailableError, JobNotFoundError
from rag_core.uploads import upload_folder
from tests.api import MemoryJobs, calling, make_app, make_parts
from tests.rag_api.test_native import read_events
from tests.servers import serving, until

FILES = (UploadedFile("upload:a.md", "a.md", 3),)
REPORT: dict[str, Any] = {"added": 1, "failed": []}


@pytest.fixture(params=["memory", "catalog"])
async def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Jobs]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield CatalogJobs(catalog, tmp_path)


async def test_a_job_that_was_added_is_found_and_listed(jobs: Jobs) -> None:
    first = await jobs.add(Wanted("default", FILES))
    await asyncio.sleep(0.002)  # ids sort by milliseconds
    second = await jobs.add(Wanted("books", url="https://example.org/", metadata={"by": "me"}))

    assert await jobs.find([first.id, second.id, "nothing"]) == {
        first.id: first,
        second.id: second,
    }
    assert await jobs.list(Selection(9)) == [second, first]
    assert await jobs.list(Selection(9, after=second.id)) == [first]
    assert await jobs.list(Selection(1, state="queued", collection="books")) == [second]


async def test_a_cancelled_job_has_ended_and_cancelling_again_changes_nothing(jobs: Jobs) -> None:
    job = await jobs.add(Wanted("default", FILES))

    cancelled = await jobs.cancel(job.id)

    assert (cancelled.state, cancelled.ended) == ("cancelled", True)
    assert await jobs.cancel(job.id) == cancelled
    with pytest.raises(JobNotFoundError):
        await jobs.cancel("nothing")


async def test_the_files_of_a_cancelled_job_go(tmp_path: Path) -> None:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        jobs = CatalogJobs(catalog, tmp_path)
        job = await jobs.add(Wanted("default", FILES))
        upload_folder(tmp_path, job.id).mkdir(parents=True)

        await jobs.cancel(job.id)

    assert not upload_folder(tmp_path, job.id).exists()


async def test_readers_of_a_watch_are_told_of_the_changes_of_their_job() -> None:
    jobs = MemoryJobs()
    watch = JobWatch(jobs, poll_seconds=0.001)
    one, two = [await jobs.add(Wanted("default", FILES)) for _ in range(2)]
    waiting = [asyncio.create_task(watch.next(job.id, 1)) for job in (one, one, two)]
    await asyncio.sleep(0.01)

    changed = jobs.change(one.id, state="running")

    assert await asyncio.gather(*waiting[:2]) == [changed, changed]
    assert not waiting[2].done()
    watch.close()
    assert await waiting[2] is None
    assert await watch.next(two.id, 0) is None


async def test_a_watch_goes_on_when_the_catalog_was_away(caplog: pytest.LogCaptureFixture) -> None:
    jobs = MemoryJobs()
    watch = JobWatch(jobs, poll_seconds=0.001)
    job = await jobs.add(Wanted("default", FILES))
    jobs.failure = CatalogUnavailableError("it is away")
    waiting = asyncio.create_task(watch.next(job.id, 0))
    await until(lambda: "it is away" in caplog.text)

    jobs.failure = None

    assert await waiting == job


async def test_a_watch_says_that_a_job_is_forgotten() -> None:
    with pytest.raises(JobNotFoundError):
        await JobWatch(MemoryJobs()).next("nothing", 0)


async def add(parts: Parts, **values: Any) -> Job:
    """A job in memory, changed once."""
    job = await parts.jobs.add(Wanted("default", FILES))
    return change(parts, job, **values)


def change(parts: Parts, job: Job, **values: Any) -> Job:
    assert isinstance(parts.jobs, MemoryJobs)
    return parts.jobs.change(job.id, **values)


async def test_a_job_is_read_with_its_report() -> None:
    parts = make_parts()
    job = await add(parts, state="done", report=REPORT, progress={"files": 1, "done": 1})

    async with calling(parts) as client:
        read = (await client.get(f"/v1/jobs/{job.id}")).json()
        listed = (await client.get("/v1/jobs")).json()

    assert (read["state"], read["report"], read["progress"]["done"]) == ("done", REPORT, 1)
    assert read["files"] == [{"source": "upload:a.md", "size_bytes": 3}]
    del read["report"]
    assert listed == {"jobs": [read], "next": None}


async def test_jobs_are_paged() -> None:
    parts = make_parts()
    added = [(await add(parts)).id for _ in range(5)]

    async with calling(parts) as client:
        first = (await client.get("/v1/jobs?limit=3")).json()
        rest = (await client.get(f"/v1/jobs?limit=3&after={first['next']}")).json()

    assert [job["id"] for job in [*first["jobs"], *rest["jobs"]]] == sorted(added, reverse=True)
    assert rest["next"] is None


@pytest.mark.parametrize("path", ["", "/events"])
async def test_a_job_that_is_not_there_is_a_404(path: str) -> None:
    async with calling(make_parts()) as client:
        response = await client.get(f"/v1/jobs/nothing{path}")

    assert (response.status_code, response.json()["error"]) == (404, "JobNotFoundError")


async def test_a_job_is_cancelled() -> None:
    parts = make_parts()
    job = await add(parts)

    async with calling(parts) as client:
        response = await client.post(f"/v1/jobs/{job.id}/cancel")

    assert response.json()["state"] == "cancelled"


@asynccontextmanager
async def following(
    parts: Parts, job: Job, *, app: ASGIApp | None = None, **headers: str
) -> AsyncIterator[tuple[httpx2.Response, Callable[[], bytes]]]:
    """The stream of a job, over a socket, and what has come of it."""
    received = bytearray()
    async with (
        serving(app or make_app(parts), lifespan="off" if app else "on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
        client.stream("GET", f"/v1/jobs/{job.id}/events", headers=headers) as response,
    ):
        reading = asyncio.create_task(_read(response, received))
        yield response, lambda: bytes(received)
        await reading


async def _read(response: httpx2.Response, received: bytearray) -> None:
    async for piece in response.aiter_bytes():
        received += piece


async def test_a_job_is_followed_to_its_end() -> None:
    parts = make_parts()
    job = await add(parts, state="running")

    async with following(parts, job) as (response, received):
        await until(lambda: b"progress" in received())
        change(parts, job, progress={"files": 1})
        await until(lambda: received().count(b"event:") == 2)
        change(parts, job, state="done", report=REPORT)

    events = read_events(received())
    assert response.headers["content-type"] == "text/event-stream"
    assert received().startswith(b"retry: 1000\nevent: progress\n")
    assert [name for name, _, _ in events] == ["progress", "progress", "finished"]
    assert [one for _, one, _ in events] == [f"{job.id}:{version}" for version in (2, 3, 4)]
    assert events[-1][2]["job"]["report"] == REPORT


async def test_a_cut_stream_goes_on_behind_the_last_event() -> None:
    parts = make_parts()
    job = await add(parts, state="running")
    last = change(parts, job, state="done", report=REPORT)

    async with following(parts, job, **{"last-event-id": f"{job.id}:2"}) as (_, received):
        await until(lambda: b"finished" in received())
    async with calling(parts) as client:
        headers = {"last-event-id": f"{job.id}:{last.version}"}
        ended = await client.get(f"/v1/jobs/{job.id}/events", headers=headers)

    ((name, number, _),) = read_events(received())
    assert (name, number, ended.status_code) == ("finished", f"{job.id}:3", 204)


async def test_a_server_that_stops_lets_go_of_followers() -> None:
    parts = make_parts()
    job = await add(parts, state="running")

    async with following(parts, job) as (_, received):
        await until(lambda: b"progress" in received())
        parts.watch.close()

    assert [name for name, _, _ in read_events(received())] == ["progress"]


async def test_a_silence_is_broken_by_comments() -> None:
    parts = make_parts()
    job = await add(parts, state="running")
    stream = JobStream(parts.watch, job.id, after=0, heartbeat_seconds=0.05)

    async with following(parts, job, app=stream) as (_, received):
        await until(lambda: b": ping\n\n" in received())
        change(parts, job, state="done")

    events = read_events(received().replace(b": ping\n\n", b""))
    assert [name for name, _, _ in events] == ["progress", "finished"]
