"""A mirror of sources, and the look at how the collection differs from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from ingest.compare import Difference, compare
from ingest.contents import Contents
from ingest.guard import DeleteGuard, Removal
from ingest.pipeline import Order
from ingest.plan import Plan
from ingest.stored import documents_below
from rag_core.catalog import collections
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.errors import (
    CollectionNotFoundError,
    FingerprintMismatchError,
    TooManyRemovalsError,
)

Planner = Callable[[], AbstractAsyncContextManager[Plan]]
"""Looks at the sources as they are now; until the end of the block they can be fetched."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Which sources a collection is to be equal to, and how much may be removed for it."""

    order: Order
    tops: Sequence[str]
    """Folders, files and object stores as documents are named: what lies below is theirs alone.

    Of the web nothing is removed: that a page was not reached does not say it is gone.
    """
    plan: Planner
    guard: DeleteGuard
    carry: bool = True
    """Renamed files whose title is their name keep the vectors of the old name."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sources as they are, and how what is stored of them differs."""

    plan: Plan
    difference: Difference
    refusal: str | None
    """Why it would remove more than the guard allows; None when it does not."""

    def check(self) -> None:
        """Raise TooManyRemovalsError when it would remove more than the guard allows."""
        if self.refusal is not None:
            raise TooManyRemovalsError(self.refusal)


async def find_collection(catalog: Catalog, name: str, *, fingerprint: str) -> Collection | None:
    """Read a collection; None when there is none yet.

    Raises:
        FingerprintMismatchError: it was embedded by another model.
    """
    try:
        collection = await collections.get_collection(catalog, name)
    except CollectionNotFoundError:
        return None
    if collection.fingerprint != fingerprint:
        raise FingerprintMismatchError(name, stored=collection.fingerprint, current=fingerprint)
    return collection


@asynccontextmanager
async def looking(
    catalog: Catalog, collection: Collection | None, mirror: Mirror, contents: Contents
) -> AsyncIterator[Comparison]:
    """Plan the sources and compare them with the collection, which may not be there yet."""
    # In this order: what another ingest adds meanwhile is not in the list, and cannot be missed.
    live = [] if collection is None else await documents_below(catalog, collection, mirror.tops)
    async with mirror.plan() as plan:
        difference = await asyncio.to_thread(
            compare, live, plan, contents, metadata=mirror.order.metadata
        )
        removal = Removal(
            mirror.tops, difference.removed, len(live), [file.source for file in plan.files]
        )
        yield Comparison(plan, difference, removal.refusal(mirror.guard))
