from __future__ import annotations

from datetime import timedelta

import pytest

from rag_core.catalog import claims, jobs
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import Selection, UploadedFile, Wanted
from rag_core.errors import JobNotFoundError
from tests.rag_core.jobs_support import add_job, claim_job


async def test_a_job_is_read_as_it_was_stored(catalog: Catalog) -> None:
    files = (UploadedFile("upload:é/a.md", "a.md", 3),)
    wanted = Wanted("books", files, url=None, metadata={"team": "sales"})

    added = await jobs.add_job(catalog, wanted)

    assert await jobs.get_job(catalog, wanted.id) == added
    assert (added.files, added.metadata, added.state) == (files, {"team": "sales"}, "queued")
    assert (added.report, added.error, added.progress, added.version) == (None, None, {}, 1)


async def test_without_metadata_a_job_has_none(catalog: Catalog) -> None:
    added = await jobs.add_job(catalog, Wanted("books", url="https://example.org/\0"))

    assert (added.metadata, added.files) == (None, ())


@pytest.mark.parametrize("wanted", ["", "nothing", "\0", "\ud800"])
async def test_a_job_that_is_not_there_is_named(catalog: Catalog, wanted: str) -> None:
    with pytest.raises(JobNotFoundError, match="no job"):
        await jobs.get_job(catalog, wanted)


async def test_jobs_are_listed_newest_first_a_page_at_a_time(catalog: Catalog) -> None:
    added = [(await add_job(catalog)).id for _ in range(5)]

    first = await jobs.list_jobs(catalog, Selection(3))
    rest = await jobs.list_jobs(catalog, Selection(3, after=first[-1].id))

    assert sorted(added, reverse=True) == [job.id for job in [*first, *rest]]


async def test_jobs_are_listed_by_state_and_collection(catalog: Catalog) -> None:
    await add_job(catalog)
    books = await add_job(catalog, collection="books")
    claimed = await claim_job(catalog)

    running = await jobs.list_jobs(catalog, Selection(9, state="running"))
    in_books = await jobs.list_jobs(catalog, Selection(9, collection="books"))

    assert ([job.id for job in running], in_books) == ([claimed.id], [books])


async def test_some_jobs_are_found_by_their_ids(catalog: Catalog) -> None:
    job, _ = await add_job(catalog), await add_job(catalog)

    assert await jobs.find_jobs(catalog, [job.id, "nothing"]) == {job.id: job}


async def test_a_job_that_waits_is_cancelled_at_once(catalog: Catalog) -> None:
    job = await add_job(catalog)

    cancelled = await jobs.cancel_job(catalog, job.id)

    assert (cancelled.state, cancelled.error) == ("cancelled", "JobCancelledError")
    assert cancelled.version == job.version + 1
    assert not await claims.is_job_due(catalog)


async def test_the_worker_of_a_job_that_is_cancelled_is_told(catalog: Catalog) -> None:
    await add_job(catalog)
    claimed = await claim_job(catalog)

    cancelled = await jobs.cancel_job(catalog, claimed.id)
    kept = await claims.keep_job(catalog, claimed, {}, lease_seconds=60)

    assert (cancelled.state, cancelled.cancelling) == ("running", True)
    assert kept is not None
    assert kept.cancelling


async def test_an_end_is_not_cancelled(catalog: Catalog) -> None:
    await add_job(catalog)
    claimed = await claim_job(catalog)
    await claims.finish_job(catalog, claimed, "done", report={"added": 1})

    cancelled = await jobs.cancel_job(catalog, claimed.id)

    assert (cancelled.state, cancelled.report, cancelled.ended) == ("done", {"added": 1}, True)


async def test_jobs_that_ended_long_ago_are_forgotten(catalog: Catalog) -> None:
    ended, waits = await add_job(catalog), await add_job(catalog)
    await jobs.cancel_job(catalog, ended.id)

    assert await jobs.forget_jobs(catalog, age=timedelta(days=1)) == 0
    assert await jobs.forget_jobs(catalog, age=timedelta(seconds=-1)) == 1
    assert await jobs.active_ids(catalog) == {waits.id}
