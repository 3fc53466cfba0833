"""Opens the parts that search and ingest stand on, mends what a crash left, keeps them in step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from rag_core.catalog import collections
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.embedding import Embedder, open_embedder
from rag_core.errors import RagError
from rag_core.lexical.engine import Lexical
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import Vectors, open_vectors

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Index:
    """All that a search asks and an ingest fills."""

    catalog: Catalog
    embedder: Embedder
    vectors: Vectors
    lexical: Lexical


@asynccontextmanager
async def open_index(settings: Settings) -> AsyncIterator[Index]:
    """Open all parts, side by side, and mend every collection that a crash left half done.

    Raises:
        ConfigurationError: a setting is wrong, or a package is missing.
        UnavailableError: a part does not answer.
    """
    async with AsyncExitStack() as stack:
        index = await _open_parts(stack, settings)
        for collection in await collections.all_collections(index.catalog):
            await _mend(index, collection)
        yield index


async def _open_parts(stack: AsyncExitStack, settings: Settings) -> Index:
    """Open the parts side by side; what opened is closed by the stack, also when another fails."""
    catalog = asyncio.create_task(stack.enter_async_context(open_catalog(settings.catalog_url)))
    embedder = asyncio.create_task(stack.enter_async_context(open_embedder(settings)))
    vectors = asyncio.create_task(stack.enter_async_context(open_vectors(settings)))
    await asyncio.gather(catalog, embedder, vectors, return_exceptions=True)
    return Index(catalog.result(), embedder.result(), vectors.result(), Lexical(settings.home))


async def _mend(index: Index, collection: Collection) -> None:
    """Make both indexes of a collection hold what the catalog says, after whatever happened."""
    fault = await upkeep.check_health(index.catalog, index.vectors, collection)
    if fault is not None:
        logger.warning("vector index of collection %r: %s: rebuilding it", collection.name, fault)
        collection = await upkeep.rebuild(index.catalog, index.vectors, collection)
    await upkeep.recover(index.catalog, index.vectors, collection)
    await index.lexical.follow(index.catalog, collection)


async def follow_changes(index: Index) -> None:
    """Keep the lexical indexes in step with the catalog, until cancelled; logs what fails."""
    reached: dict[int, int] = {}
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        try:
            await _follow_all(index, reached)
        except RagError as error:
            logger.warning("the lexical indexes fall behind: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)
        except Exception:
            logger.exception("the lexical indexes fall behind")
            await asyncio.sleep(_RETRY_SECONDS)


async def _follow_all(index: Index, reached: dict[int, int]) -> None:
    """Follow the collections that changed since the sequence numbers in `reached`."""
    for collection in await collections.all_collections(index.catalog):
        if reached.get(collection.id) != collection.seq:
            reached[collection.id] = await index.lexical.follow(index.catalog, collection)
