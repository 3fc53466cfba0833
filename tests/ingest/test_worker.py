"""The program `ingest worker`, with jobs as the API stores them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.worker import Wish, Worker
from rag_core.catalog import collections, documents, jobs
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.jobs import Job, Selection
from rag_core.errors import CatalogUnavailableError
from rag_core.index import Index
from rag_core.uploads import part_folder, upload_folder
from tests.ingest.jobs_support import claim, upload
from tests.rag_core.vectors_support import record_of, settings_for

LONG = "\n\n".join(f"# {n}\n\n{f'word{n} ' * 150}" for n in range(200))
DAY_SECONDS = 24 * 3600


@dataclass
class Place:
    """A home, its catalog, and the session's Chroma; the gate is closed."""

    home: Path
    catalog: Catalog
    environment: dict[str, str]

    @property
    def gate(self) -> Path:
        return self.home / "gate"

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        worker = subprocess.Popen(
            [sys.executable, "-m", "ingest", "worker", "--json", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield worker
        finally:
            worker.kill()
            worker.communicate()

    async def at_work(self, job: Job) -> None:
        """Return when a worker has embedded a part of the job."""
        for _ in range(600):
            if (await jobs.get_job(self.catalog, job.id)).progress.get("embedded", 0) >= 64:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(await jobs.get_job(self.catalog, job.id))

    async def sources(self) -> list[str]:
        collection = await collections.get_collection(self.catalog, "default")
        found = await documents.list_documents(self.catalog, collection, limit=100)
        return [document.source for document in found]


@pytest.fixture
async def place(
    catalog_url: str, tmp_path: Path, ingest_home: Path, index: Index
) -> AsyncIterator[Place]:
    assert index  # holds the session's Chroma
    environment = {
        **os.environ,
        "RAG_HOME": str(tmp_path),
        "DATABASE_URL": catalog_url,
        "CHROMA_URL": f"http://127.0.0.1:{record_of(ingest_home).port}",
        "EMBEDDING_MODEL": "langchain:tests.embeddings.GatedEmbeddings",
        "EMBEDDINGS_GATE": str(tmp_path / "gate"),
    }
    async with open_catalog(catalog_url) as catalog:
        yield Place(tmp_path, catalog, environment)


def end(worker: subprocess.Popen[str]) -> dict[str, int]:
    """What a worker says at its end."""
    output, errors = worker.communicate(timeout=60)
    assert worker.returncode == 0, errors
    counts: dict[str, int] = json.loads(output)
    return counts


async def test_workers_that_race_over_jobs_do_each_once(place: Place) -> None:
    added = [await upload(place.catalog, place.home, {f"{n}.md": f"Note {n}."}) for n in range(6)]

    with place.started("--once") as one, place.started("--once") as two:
        counts = [await asyncio.to_thread(end, worker) for worker in (one, two)]

    done = await jobs.list_jobs(place.catalog, Selection(100))
    assert sum(count["done"] for count in counts) == len(added)
    assert {(job.state, job.attempts) for job in done} == {("done", 1)}
    assert len(await place.sources()) == len(added)


async def test_the_job_of_a_killed_worker_is_done_by_another_at_once(place: Place) -> None:
    place.gate.touch()
    job = await upload(place.catalog, place.home, {"a.md": LONG, "b.md": "A note."})
    with place.started():
        await place.at_work(job)
    place.gate.unlink()

    with place.started("--once") as other:
        counts = await asyncio.to_thread(end, other)

    done = await jobs.get_job(place.catalog, job.id)
    assert (counts["done"], done.state, done.attempts) == (1, "done", 2)
    assert await place.sources() == ["upload:a.md", "upload:b.md"]
    assert done.report is not None
    assert done.report["reused"] >= 60
    assert not list((place.home / "workers").iterdir())


@pytest.mark.parametrize("catalog_url", ["sqlite"], indirect=True)
async def test_a_worker_told_to_stop_puts_its_job_back(place: Place) -> None:
    place.gate.touch()
    job = await upload(place.catalog, place.home, {"a.md": LONG})
    with place.started() as worker:
        await place.at_work(job)

        worker.send_signal(signal.SIGTERM)
        place.gate.unlink()
        counts = await asyncio.to_thread(end, worker)

    waiting = await jobs.get_job(place.catalog, job.id)
    assert (counts["put_back"], waiting.state, waiting.attempts) == (1, "queued", 0)
    assert upload_folder(place.home, job.id).exists()


def test_a_worker_whose_parent_has_gone_does_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ingest", "worker", "--parent", "1", "--json"]

    done = subprocess.run(
        command,
        env={**os.environ, "RAG_HOME": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, list(tmp_path.iterdir())) == (0, [])


@asynccontextmanager
async def working(index: Index, home: Path) -> AsyncIterator[Worker]:
    """A worker in this process, which must not give way to others."""
    async with AsyncExitStack() as stack:
        settings = settings_for(home)
        yield Worker(settings, index.catalog, asyncio.Event(), stack, Wish(once=True), index=index)


async def test_a_worker_takes_one_job_after_another(index: Index, tmp_path: Path) -> None:
    added = [await upload(index.catalog, tmp_path, {f"{n}.md": "A note."}) for n in range(3)]

    async with working(index, tmp_path) as worker:
        await worker.work()

    assert worker.outcomes == {"done": len(added)}


async def test_a_worker_waits_for_a_catalog_that_is_away(
    index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await upload(index.catalog, tmp_path, {"a.md": "A note."})

    async with working(index, tmp_path) as worker:
        worker.away_seconds = 0.01
        worker.catalog = AwayCatalog(worker, index.catalog)  # type: ignore[assignment]
        await worker.work()

    assert "cannot work: the catalog is away; trying again" in caplog.text
    assert worker.outcomes == {"done": 1}


class AwayCatalog:
    """A catalog that does not answer at first."""

    def __init__(self, worker: Worker, catalog: Catalog) -> None:
        self.worker, self.catalog = worker, catalog

    def reading(self) -> None:
        self.worker.catalog = self.catalog
        raise CatalogUnavailableError("the catalog is away")

    writing = reading


async def test_a_worker_sweeps_uploads_that_no_job_needs(index: Index, tmp_path: Path) -> None:
    needed = await upload(index.catalog, tmp_path, {"a.md": "A note."})
    await claim(index.catalog)
    broken_off, fresh = part_folder(tmp_path, "old"), part_folder(tmp_path, "fresh")
    for folder in (broken_off, fresh):
        folder.mkdir()
    for folder in (broken_off, upload_folder(tmp_path, needed.id)):
        os.utime(folder, (time.time() - 2 * DAY_SECONDS,) * 2)

    async with working(index, tmp_path) as worker:
        await worker.work()

    left = {folder.name for folder in (tmp_path / "uploads").iterdir()}
    assert left == {needed.id, fresh.name}
