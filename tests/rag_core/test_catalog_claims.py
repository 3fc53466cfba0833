from __future__ import annotations

import asyncio

from rag_core.catalog import claims, jobs
from rag_core.catalog.claims import MAX_ATTEMPTS
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.jobs import describe
from rag_core.errors import VectorsUnavailableError
from tests.rag_core.jobs_support import LEASE_SECONDS, add_job, claim_job


async def test_the_oldest_job_is_claimed_first_and_only_once(catalog: Catalog) -> None:
    first, second = await add_job(catalog), await add_job(catalog)

    claimed = [await claim_job(catalog), await claim_job(catalog)]

    assert [job.id for job in claimed] == sorted([first.id, second.id])
    assert (claimed[0].state, claimed[0].attempts, claimed[0].worker) == ("running", 1, "one")
    assert await claims.claim_job(catalog, "two", lease_seconds=LEASE_SECONDS) is None
    assert not await claims.is_job_due(catalog)


async def test_workers_that_race_over_jobs_each_get_others(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as catalog:
        added = {(await add_job(catalog)).id for _ in range(50)}

    async def work(name: str) -> list[str]:
        taken = []
        async with open_catalog(catalog_url) as catalog:
            while await claims.is_job_due(catalog):
                if job := await claims.claim_job(catalog, name, lease_seconds=LEASE_SECONDS):
                    taken.append(job.id)
                    assert await claims.finish_job(catalog, job, "done")
        return taken

    taken = await asyncio.gather(*(work(f"worker-{number}") for number in range(5)))

    assert sorted(one for each in taken for one in each) == sorted(added)


async def test_the_job_of_a_silent_worker_goes_to_another(catalog: Catalog) -> None:
    await add_job(catalog)
    silent = await claim_job(catalog, lease=0)

    other = await claim_job(catalog, "two")

    assert (other.id, other.attempts) == (silent.id, 2)
    assert await claims.keep_job(catalog, silent, {}, lease_seconds=60) is None
    assert not await claims.finish_job(catalog, silent, "done")
    assert not await claims.put_back_job(catalog, silent)
    assert await jobs.get_job(catalog, other.id) == other


async def test_a_worker_that_says_that_it_is_alive_keeps_its_job(catalog: Catalog) -> None:
    await add_job(catalog)
    claimed = await claim_job(catalog, lease=0)

    kept = await claims.keep_job(catalog, claimed, {"done": 1}, lease_seconds=LEASE_SECONDS)

    assert kept is not None
    assert (kept.progress, kept.version) == ({"done": 1}, claimed.version + 1)
    assert not await claims.is_job_due(catalog)


async def test_a_job_that_was_put_back_is_claimed_again_and_did_not_count(
    catalog: Catalog,
) -> None:
    await add_job(catalog)

    assert await claims.put_back_job(catalog, await claim_job(catalog))

    assert (await claim_job(catalog, "two")).attempts == 1


async def test_a_job_that_failed_for_now_waits_and_says_why(catalog: Catalog) -> None:
    job = await add_job(catalog)
    fault = describe(VectorsUnavailableError("Chroma is away"))

    await claims.put_back_job(catalog, await claim_job(catalog), delay_seconds=60, fault=fault)
    waiting = await jobs.get_job(catalog, job.id)

    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert (waiting.error, waiting.detail) == ("VectorsUnavailableError", "Chroma is away")
    assert await claims.claim_job(catalog, "two", lease_seconds=60) is None


async def test_a_job_whose_workers_die_is_given_up(catalog: Catalog) -> None:
    job = await add_job(catalog)
    for _ in range(MAX_ATTEMPTS):
        await claim_job(catalog, lease=0)

    assert await claims.claim_job(catalog, "two", lease_seconds=60) is None

    ended = await jobs.get_job(catalog, job.id)
    assert (ended.state, ended.error) == ("failed", "JobAbandonedError")
    assert "its worker was killed 5 times" in str(ended.detail)


async def test_a_cancelled_job_of_a_dead_worker_is_not_begun_again(catalog: Catalog) -> None:
    await add_job(catalog)
    dead = await claim_job(catalog, lease=0)
    await jobs.cancel_job(catalog, dead.id)

    assert await claims.claim_job(catalog, "two", lease_seconds=60) is None
    assert (await jobs.get_job(catalog, dead.id)).state == "cancelled"


async def test_the_jobs_of_a_worker_that_is_dead_are_due_at_once(catalog: Catalog) -> None:
    await add_job(catalog)
    claimed = await claim_job(catalog)

    assert await claims.release_jobs(catalog, "another") == 0
    assert await claims.release_jobs(catalog, "one") == 1
    assert (await claim_job(catalog, "two")).id == claimed.id
