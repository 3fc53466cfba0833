"""Turns a job into a Plan: its uploaded files, or what is at its URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.plan import Plan, PlannedFile
from rag_core.catalog.jobs import Job
from rag_core.errors import UnreadableDocumentError, UnsupportedDocumentError
from rag_core.uploads import numbered, upload_folder


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded to the API, and lies on this machine until its job has ended."""

    path: Path

    @asynccontextmanager
    async def local(self) -> AsyncIterator[Path]:
        """Give the file itself."""
        if not self.path.is_file():
            raise UnreadableDocumentError(
                "the uploaded file is not here: the API and its workers must share RAG_HOME"
            )
        yield self.path


async def plan_job(job: Job, home: Path) -> Plan:
    """List what is to be ingested for a job."""
    if job.url is not None:
        return await _plan_url(job.url)
    folder = upload_folder(home, job.id)
    files = tuple(
        PlannedFile(file.source, file.size_bytes, Upload(numbered(folder, number, file.name)))
        for number, file in enumerate(job.files)
    )
    return Plan(files, {}, ())


async def _plan_url(url: str) -> Plan:
    # The one place where what fetches URLs is to be connected.
    fault = UnsupportedDocumentError("this version fetches no URLs: upload the file instead")
    return Plan((), {}, ((url, fault),))
