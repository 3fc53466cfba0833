from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.job import Outcome, run_job
from rag_core.catalog import claims, collections, documents, jobs
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.jobs import Job, Wanted
from rag_core.errors import EmbeddingUnavailableError
from rag_core.index import Index
from rag_core.originals import kept_path
from rag_core.settings import Settings
from rag_core.uploads import numbered, upload_folder
from tests.fakes import WordEmbedder
from tests.ingest.jobs_support import claim, upload
from tests.pdfs import make_pdf


class GatedEmbedder(WordEmbedder):
    """Waits with the first text until the gate is open."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.set()
        await self.gate.wait()
        return await super().embed(texts)


class AwayEmbedder(WordEmbedder):
    """Fails as one that does not answer."""

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        raise EmbeddingUnavailableError(f"no answer for {len(texts)} texts")


class FaultyEmbedder(WordEmbedder):
    """Fails in a way that nobody foresaw."""

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        raise ZeroDivisionError(len(texts))


def settings(home: Path) -> Settings:
    return Settings(RAG_HOME=home, _env_file=None)


async def run(index: Index, home: Path, claimed: Job) -> tuple[Outcome, Job]:
    """Do a job; gives how it went, and what the catalog says of it."""
    outcome = await run_job(index, claimed, settings=settings(home), stop=asyncio.Event())
    return outcome, await jobs.get_job(index.catalog, claimed.id)


async def ingest(index: Index, home: Path, texts: Mapping[str, str]) -> tuple[Outcome, Job]:
    await upload(index.catalog, home, texts)
    return await run(index, home, await claim(index.catalog))


async def live(index: Index) -> list[DocumentSummary]:
    collection = await collections.get_collection(index.catalog, "default")
    return await documents.list_documents(index.catalog, collection, limit=100)


async def test_an_upload_becomes_a_document_and_its_bytes_go(index: Index, tmp_path: Path) -> None:
    await upload(index.catalog, tmp_path, {"a.md": "# Cats\n\nThey sleep."}, metadata={"by": "me"})

    outcome, job = await run(index, tmp_path, await claim(index.catalog))

    (document,) = await live(index)
    assert (outcome, job.state, job.error) == ("done", "done", None)
    assert (document.source, document.title, document.metadata) == (
        "upload:a.md",
        "Cats",
        {"by": "me"},
    )
    assert job.report is not None
    assert (job.report["added"], job.report["failed"]) == (1, [])
    assert not upload_folder(tmp_path, job.id).exists()


@pytest.mark.parametrize("keep", [True, False])
async def test_a_pdf_is_kept_with_its_document_unless_that_is_turned_off(
    index: Index, tmp_path: Path, *, keep: bool
) -> None:
    content = make_pdf(["Cats sleep."])
    added = await upload(index.catalog, tmp_path, {"a.pdf": "", "b.md": "They sleep."})
    numbered(upload_folder(tmp_path, added.id), 0, "a.pdf").write_bytes(content)
    kept = Settings(RAG_HOME=tmp_path, RAG_KEEP_ORIGINALS=keep, _env_file=None)

    await run_job(index, await claim(index.catalog), settings=kept, stop=asyncio.Event())

    path = kept_path(tmp_path, hashlib.sha256(content).digest())
    files = [one for one in tmp_path.glob("originals/??/*") if one.is_file()]  # noqa: ASYNC240
    assert files == ([path] if keep else [])


async def test_an_ended_job_counts_all_of_its_files(index: Index, tmp_path: Path) -> None:
    _, job = await ingest(index, tmp_path, {"a.md": "", "b.md": "They sleep."})

    told = {name: job.progress[name] for name in ("files", "done", "added", "failed")}
    assert told == {"files": 2, "done": 2, "added": 1, "failed": 1}
    assert job.progress["chunks"] == 1


async def test_a_file_in_quarantine_counts_as_failed(index: Index, tmp_path: Path) -> None:
    await ingest(index, tmp_path, {"a.md": ""})

    _, job = await ingest(index, tmp_path, {"a.md": ""})

    assert (job.state, job.progress["done"], job.progress["failed"]) == ("failed", 1, 1)


async def test_the_same_name_again_replaces_the_document(index: Index, tmp_path: Path) -> None:
    await ingest(index, tmp_path, {"a.md": "They sleep."})

    _, job = await ingest(index, tmp_path, {"a.md": "They hunt."})

    (document,) = await live(index)
    _, text, _ = await documents.get_document(index.catalog, document.id)
    assert job.report is not None
    assert (text, job.report["updated"]) == ("They hunt.", 1)


async def test_a_job_of_which_nothing_can_be_ingested_has_failed(
    index: Index, tmp_path: Path
) -> None:
    outcome, job = await ingest(index, tmp_path, {"a.md": "", "b.md": ""})

    assert (outcome, job.state, job.error) == ("failed", "failed", "EmptyDocumentError")
    assert job.detail == "upload:a.md: 'a.md' is empty; 1 more failed, see the report"
    assert not upload_folder(tmp_path, job.id).exists()


async def test_a_file_that_fails_costs_itself_only(index: Index, tmp_path: Path) -> None:
    _, job = await ingest(index, tmp_path, {"a.md": "", "b.md": "They sleep."})

    assert job.report is not None
    assert (job.state, job.error, job.report["added"]) == ("done", None, 1)
    assert [fault["source"] for fault in job.report["failed"]] == ["upload:a.md"]


async def test_uploads_that_are_not_here_are_told(index: Index, tmp_path: Path) -> None:
    added = await upload(index.catalog, tmp_path, {"a.md": "They sleep."})
    shutil.rmtree(upload_folder(tmp_path, added.id))

    _, job = await run(index, tmp_path, await claim(index.catalog))

    assert (job.state, job.error) == ("failed", "UnreadableDocumentError")
    assert "must share RAG_HOME" in str(job.detail)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.md", "file:///etc/passwd", "s3://bucket/a"])
async def test_a_job_fetches_from_the_public_web_only(
    index: Index, tmp_path: Path, url: str
) -> None:
    await jobs.add_job(index.catalog, Wanted("default", url=url))

    _, job = await run(index, tmp_path, await claim(index.catalog))

    assert (job.state, job.error) == ("failed", "FetchRefusedError")


async def test_a_cancelled_job_stops_and_its_bytes_go(index: Index, tmp_path: Path) -> None:
    embedder = GatedEmbedder()
    long = "\n\n".join(f"# {n}\n\n{f'word{n} ' * 150}" for n in range(200))
    await upload(index.catalog, tmp_path, {"a.md": long})
    claimed = await claim(index.catalog)
    running = asyncio.create_task(run(replace(index, embedder=embedder), tmp_path, claimed))
    await embedder.asked.wait()

    await jobs.cancel_job(index.catalog, claimed.id)
    await asyncio.sleep(1.2)  # its worker looks each second
    embedder.gate.set()
    outcome, job = await running

    assert (outcome, job.state, job.error) == ("cancelled", "cancelled", "JobCancelledError")
    assert await live(index) == []
    assert not upload_folder(tmp_path, job.id).exists()


async def test_a_worker_that_is_to_stop_puts_its_job_back(index: Index, tmp_path: Path) -> None:
    stop, embedder = asyncio.Event(), GatedEmbedder()
    await upload(index.catalog, tmp_path, {"a.md": "They sleep."})
    claimed = await claim(index.catalog)
    running = asyncio.create_task(
        run_job(replace(index, embedder=embedder), claimed, settings=settings(tmp_path), stop=stop)
    )
    stop.set()

    assert await running == "put back"

    _, job = await run(index, tmp_path, await claim(index.catalog))
    assert (job.state, job.attempts) == ("done", 1)


async def test_what_is_away_is_tried_again_later(index: Index, tmp_path: Path) -> None:
    outcome, job = await ingest(
        replace(index, embedder=AwayEmbedder()), tmp_path, {"a.md": "They sleep."}
    )

    assert (outcome, job.state, job.attempts) == ("put back", "queued", 1)
    assert job.error == "EmbeddingUnavailableError"
    assert upload_folder(tmp_path, job.id).exists()


async def test_what_stays_away_ends_the_job(index: Index, tmp_path: Path) -> None:
    await upload(index.catalog, tmp_path, {"a.md": "They sleep."})
    for _ in range(claims.MAX_ATTEMPTS - 1):
        await claim(index.catalog, lease_seconds=0)

    _, job = await run(
        replace(index, embedder=AwayEmbedder()), tmp_path, await claim(index.catalog)
    )

    assert (job.state, job.attempts) == ("failed", claims.MAX_ATTEMPTS)
    assert job.detail == "no answer for 1 texts"


async def test_a_fault_of_ours_ends_its_job_only(
    index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, job = await ingest(
        replace(index, embedder=FaultyEmbedder()), tmp_path, {"a.md": "They sleep."}
    )

    assert (job.state, job.error) == ("failed", "InternalError")
    assert "ZeroDivisionError" in caplog.text


async def test_a_job_that_another_worker_took_is_left_to_it(index: Index, tmp_path: Path) -> None:
    await upload(index.catalog, tmp_path, {"a.md": "They sleep."})
    silent, other = await claim(index.catalog, lease_seconds=0), await claim(index.catalog)

    outcome, job = await run(index, tmp_path, silent)

    assert (outcome, job) == ("lost", other)
    assert upload_folder(tmp_path, job.id).exists()
