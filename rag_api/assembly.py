"""The parts, opened from the settings: who opens, closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from rag_api.admission import Runs
from rag_api.answerers import open_answerer
from rag_api.embeddings import offer_embeddings
from rag_api.index_library import IndexLibrary
from rag_api.jobs import CatalogJobs, JobWatch
from rag_api.parts import Parts
from rag_api.pictures.gallery import Gallery
from rag_api.reranking import open_reranking
from rag_core.index import follow_changes, open_index
from rag_core.settings import Settings


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open the index and the answerer, and keep the index in step with what is ingested.

    Raises:
        ConfigurationError: a setting is wrong, or a package is missing.
        UnavailableError: a part does not answer.
    """
    async with AsyncExitStack() as stack:
        index = await stack.enter_async_context(open_index(settings))
        answerer = await stack.enter_async_context(open_answerer(settings, index.embedder))
        stack.push_async_callback(_stop, asyncio.create_task(follow_changes(index)))
        runs = Runs(most=settings.max_answers)
        stack.push_async_callback(runs.close)
        embeddings = offer_embeddings(index.embedder, settings)
        jobs = CatalogJobs(index.catalog, settings.home)
        watch = JobWatch(jobs)
        stack.callback(watch.close)
        reranking = await stack.enter_async_context(open_reranking(settings))
        library = IndexLibrary(index.for_questions(), settings.home)
        yield Parts(
            *(settings, library, answerer, runs, index.checks(), embeddings, jobs, watch),
            Gallery(settings.home),
            reranking,
        )


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
