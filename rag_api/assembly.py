"""The parts, opened from the settings: who opens, closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from rag_api.admission import Runs
from rag_api.answerers import open_answerer, open_others
from rag_api.embeddings import offer_embeddings
from rag_api.index_library import IndexLibrary
from rag_api.jobs import CatalogJobs, JobWatch
from rag_api.parts import Check, Parts
from rag_api.ratings import CatalogRatings
from rag_api.reranking import open_reranking
from rag_core.index import Index, follow_changes, open_index
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
        opening = open_others(settings, index.embedder, answerer)
        others = await stack.enter_async_context(opening)
        stack.push_async_callback(_stop, asyncio.create_task(follow_changes(index)))
        runs = Runs(most=settings.max_answers)
        stack.push_async_callback(runs.close)
        embeddings = offer_embeddings(index.embedder, settings)
        jobs = CatalogJobs(index.catalog, settings.home)
        watch = JobWatch(jobs)
        stack.callback(watch.close)
        yield Parts(
            settings=settings,
            library=IndexLibrary(index.for_questions()),
            answerer=answerer,
            runs=runs,
            checks=_checks(index),
            embeddings=embeddings,
            jobs=jobs,
            watch=watch,
            ratings=CatalogRatings(index.catalog),
            reranking=await stack.enter_async_context(open_reranking(settings)),
            others=others,
        )


def _checks(index: Index) -> Mapping[str, Check]:
    return {
        "catalog": index.catalog.check,
        "vectors": index.vectors.check,
        "embedding": lambda: index.embedder.embed(["Does it answer?"]),
    }


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
