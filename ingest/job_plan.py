"""Turns a job into a Plan: its uploaded files, or what is at its URL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.fetch.web_urls import is_web_url, show_url
from ingest.plan import Plan, PlannedFile
from ingest.sources import Intake, open_plan
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import Job
from rag_core.errors import FetchRefusedError, UnreadableDocumentError
from rag_core.originals import keep_originals
from rag_core.settings import Settings
from rag_core.uploads import numbered, upload_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded to the API, and lies on this machine until its job has ended."""

    path: Path

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path]:
        """Give the file itself."""
        del unless
        if not self.path.is_file():
            raise UnreadableDocumentError(
                "the uploaded file is not here: the API and its workers must share RAG_HOME"
            )
        yield self.path


@asynccontextmanager
async def open_job_plan(settings: Settings, job: Job) -> AsyncIterator[Plan]:
    """List what is to be ingested for a job; until the end of the block it can be had.

    Of URLs only those of the web, and never of private networks: whoever asks is not known.
    """
    if job.url is None:
        yield await asyncio.to_thread(_plan_uploads, job, settings.home)
    elif is_web_url(job.url):
        async with open_plan(settings, Intake([job.url]), collection=job.collection) as plan:
            yield plan
    else:
        fault = FetchRefusedError(f"{show_url(job.url)!r} is no http:// or https:// URL")
        yield Plan((), {}, ((show_url(job.url), fault),))


async def keep_uploads(catalog: Catalog, settings: Settings, job: Job) -> None:
    """Keep the files of a job that have become PDF documents, so that their pages can be shown."""
    if not settings.keep_originals:
        return
    folder = upload_folder(settings.home, job.id)
    paths = [numbered(folder, number, file.name) for number, file in enumerate(job.files)]
    try:
        await keep_originals(catalog, settings.home, [path for path in paths if path.is_file()])
    except OSError as error:
        logger.warning("job %s: its files are not kept, pages are not shown: %s", job.id, error)


def _plan_uploads(job: Job, home: Path) -> Plan:
    folder = upload_folder(home, job.id)
    files = tuple(
        PlannedFile(file.source, file.size_bytes, Upload(numbered(folder, number, file.name)))
        for number, file in enumerate(job.files)
    )
    return Plan(files, {}, ())
