"""A version of a collection brought up to what readers see, to take the place of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

from ingest.copying import Copied, Copier, Progress, make_copier
from ingest.dropping import drop_versions
from ingest.verify import Stores
from rag_core.catalog import audit, collections, documents, versions
from rag_core.catalog.collections import Collection
from rag_core.embedding import Embedder
from rag_core.errors import ConfigurationError
from rag_core.vectors import upkeep

OpenEmbedder = Callable[[], AbstractAsyncContextManager[Embedder]]
"""Opens the model that documents are embedded with, when there are any."""

_FOLLOW_SECONDS = 0.2
_FOLLOWS = 300
_DOCUMENTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What came of it."""

    before: Collection
    """The version that readers saw."""
    now: Collection
    """The one that they see; the same when it was as wanted already."""
    copied: Copied


@dataclass(slots=True)
class Making:
    """A version on its way to be as the one that readers see."""

    stores: Stores
    target: Collection
    open_model: OpenEmbedder
    progress: Progress
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    copied: Copied = field(default_factory=Copied)
    copiers: list[Copier] = field(default_factory=list)
    """One, when something was to be copied."""

    async def make_equal(self, current: Collection) -> None:
        """Copy what the version lacks, and remove what it should not have."""
        catalog, target = self.stores.catalog, self.target
        wanted = await audit.live_ids(catalog, current)
        there = await audit.live_ids(catalog, target)
        here = set(versions.twin_ids(there, target, current))
        gone = versions.twin_ids(sorted(here.difference(wanted)), current, target)
        if gone:
            await documents.remove_documents(catalog, target, gone)
        self.copied.total = self.copied.documents + len(set(wanted) - here)
        async for batch in audit.stored_documents(catalog, current, without=here):
            copier = await self._copier()
            for start in range(0, len(batch), _DOCUMENTS_AT_ONCE):
                await copier.copy(batch[start : start + _DOCUMENTS_AT_ONCE], current, target)

    async def make_sound(self) -> None:
        """Have both indexes hold the version's documents."""
        stores = self.stores
        self.target = await collections.get_collection(stores.catalog, self.target.name)
        for _ in range(_FOLLOWS):  # another process may be at it, such as the API
            if await stores.lexical.follow(stores.catalog, self.target) >= self.target.seq:
                break
            await asyncio.sleep(_FOLLOW_SECONDS)
        if await upkeep.check_health(stores.catalog, stores.vectors, self.target) is not None:
            self.target = await upkeep.rebuild(stores.catalog, stores.vectors, self.target)

    async def _copier(self) -> Copier:
        if not self.copiers:
            embedder = await self.stack.enter_async_context(self.open_model())
            needed = self.target.fingerprint
            if embedder.fingerprint != needed:
                raise ConfigurationError(
                    "what has come in since the collection was reindexed (documents: "
                    f"{self.copied.total:,}) takes the model {needed!r} to come along, not "
                    f"{embedder.fingerprint!r}: name it with --embedding"
                )
            self.copiers = [make_copier(self.stores, embedder, self.progress, self.copied)]
        return self.copiers[0]


async def begin(stores: Stores, name: str) -> Collection:
    """Read the collection, with what a killed ingest has left; finish what a killed reindex has."""
    await drop_versions(stores)
    collection = await collections.get_collection(stores.catalog, name)
    await upkeep.recover(stores.catalog, stores.vectors, collection)
    return collection


async def take_over(making: Making, before: Collection) -> Reindexed:
    """Bring a version up to what readers see, again until nothing has changed, and switch."""
    catalog, vectors = making.stores.catalog, making.stores.vectors
    await upkeep.recover(catalog, vectors, making.target)
    await upkeep.sweep(catalog, vectors, making.target)
    async with making.stack:
        while True:
            current = await collections.get_collection(catalog, before.name)
            collections.check_current(current, before)
            await making.make_equal(current)
            await making.make_sound()
            if await versions.switch_version(catalog, current, making.target, at_seq=current.seq):
                break
    await drop_versions(making.stores)
    now = await collections.get_collection(catalog, before.name)
    return Reindexed(before, now, making.copied)
