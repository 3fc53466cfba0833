"""Opens the parts that search and ingest stand on, mends what a crash left, keeps them in step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from rag_core.catalog import collections
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.embedding import Embedder, open_embedder
from rag_core.errors import LexicalUnavailableError, RagError
from rag_core.filtered import Filters
from rag_core.lexical.engine import Lexical
from rag_core.seen_vectors import SeenVectors
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import Vectors, open_vectors

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_RETRY_SECONDS = 10.0
_HEAL_SECONDS = 10.0
"""How often a serving process looks whether Chroma still has what the catalog says."""


@dataclass(frozen=True, slots=True)
class Index:
    """All that a search asks and an ingest fills."""

    catalog: Catalog
    embedder: Embedder
    vectors: Vectors
    lexical: Lexical
    filters: Filters = field(default_factory=Filters)
    """What filters allow, for the searches that come next."""
    seen: SeenVectors = field(default_factory=SeenVectors)
    """What these have read, for the next ones."""

    def checks(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """By a part's name what returns when it answers, and raises when it does not."""
        return {
            "catalog": self.catalog.check,
            "vectors": self.vectors.check,
            "embedding": lambda: self.embedder.embed(["Does it answer?"]),
        }


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
    collection = await _heal(index, collection)
    await upkeep.recover(index.catalog, index.vectors, collection)
    try:
        await index.lexical.follow(index.catalog, collection)
    except LexicalUnavailableError as error:
        # On a full disk it can still be read: better than no search until somebody makes room.
        logger.warning("words of collection %r are found as they were: %s", collection.name, error)


async def clear_away(settings: Settings, catalog: Catalog, collection: Collection) -> None:
    """Delete from both indexes what the catalog no longer shows; the next ingest would, too.

    Also from those of its versions that readers do not see.

    Raises:
        UnavailableError: one of them does not answer.
    """
    lexical = Lexical(settings.home)
    async with open_vectors(settings) as vectors:
        for version in await collections.all_collections(catalog, hidden=True):
            if collections.visible_name(version.name) == collection.name:
                await lexical.follow(catalog, version)
                await upkeep.sweep(catalog, vectors, version)


async def follow_changes(index: Index) -> None:
    """Keep both indexes in step with the catalog, until cancelled; logs what fails."""
    reached: dict[str, int] = {}
    models: dict[str, str] = {}
    async with asyncio.TaskGroup() as watching:
        watching.create_task(
            _repeat(lambda: _follow_all(index, reached), "lexical", seconds=_POLL_SECONDS)
        )
        watching.create_task(
            _repeat(lambda: _heal_all(index, models), "vector", seconds=_HEAL_SECONDS)
        )


async def _repeat(
    work: Callable[[], Coroutine[None, None, None]], kind: str, *, seconds: float
) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except RagError as error:
            logger.warning("the %s indexes fall behind: %s", kind, error)
            await asyncio.sleep(_RETRY_SECONDS)
        except Exception:
            logger.exception("the %s indexes fall behind", kind)
            await asyncio.sleep(_RETRY_SECONDS)


async def _follow_all(index: Index, reached: dict[str, int]) -> None:
    """Follow the collections that changed since the sequence numbers in `reached`.

    By their vector indexes: a database may give the id of a deleted version to another.
    """
    for collection in await collections.all_collections(index.catalog, hidden=True):
        if reached.get(collection.vector_index) != collection.seq:
            followed = await index.lexical.follow(index.catalog, collection)
            reached[collection.vector_index] = followed


async def _heal_all(index: Index, models: dict[str, str]) -> None:
    """Rebuild what a crash of Chroma, or a loss of its disk, has damaged while we serve.

    And say when somebody reindexes a collection, whose model `models` remembers, with another.
    """
    for collection in await collections.all_collections(index.catalog):
        await _heal(index, collection)
        name, model, ours = collection.name, collection.fingerprint, index.embedder.fingerprint
        if models.setdefault(name, model) != model and model != ours:
            logger.warning(
                "collection %r was reindexed with %s: searches by %s see the version from before, "
                "without what comes in, until this program is started with that model",
                name,
                model,
                ours,
            )
        models[name] = model


async def _heal(index: Index, collection: Collection) -> Collection:
    """Rebuild a vector index with a fault; a second look tells a fault from a change under way."""
    if await upkeep.check_health(index.catalog, index.vectors, collection) is None:
        return collection
    collection = await collections.get_collection(index.catalog, collection.name)
    fault = await upkeep.check_health(index.catalog, index.vectors, collection)
    if fault is None or upkeep.is_left(index.vectors, collection, fault):
        return collection
    logger.warning("vector index of collection %r: %s: rebuilding it", collection.name, fault)
    return await upkeep.mend(index.catalog, index.vectors, collection)
