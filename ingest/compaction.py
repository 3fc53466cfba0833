"""The command `ingest compact`: what nobody needs is deleted, and its space given back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from ingest.broken_stores import BrokenStore, clear_broken_stores
from ingest.clearing import Compacted, clear_collection
from ingest.screen import Screen
from ingest.verify import Stores, open_stores
from rag_core.catalog import collections, prune
from rag_core.catalog.fetches import prune_fetches
from rag_core.errors import CatalogUnavailableError
from rag_core.originals import Dropped, drop_originals
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deleted besides what never has a use again."""

    unused_vectors: bool
    broken_stores: bool


@dataclass(frozen=True, slots=True)
class Compaction:
    """What was deleted and what is left; its fields are the keys of `ingest compact --json`."""

    collections: list[Compacted]
    fetches: int
    """What was remembered of fetches whose documents are gone."""
    unused_vectors: int
    """In the catalog, of texts that no stored document has; before any were deleted."""
    unused_vector_bytes: int
    deleted_vectors: int
    broken_stores: list[BrokenStore]
    originals: Dropped
    """Kept uploads of documents that are gone."""
    catalog_bytes_before: int
    catalog_bytes_after: int
    problem: str | None
    """What kept the catalog from shrinking."""
    seconds: float


async def compact(settings: Settings, screen: Screen, *, wish: Wish) -> int:
    """Delete what nobody needs and give its space back."""
    started = time.monotonic()
    async with open_stores(settings) as stores:
        before = await prune.catalog_bytes(stores.catalog)
        compacted = [
            await clear_collection(stores, one.name)
            for one in await collections.all_collections(stores.catalog)
        ]
        unused = await prune.count_unused(stores.catalog)
        done = Compaction(
            collections=compacted,
            fetches=await prune_fetches(stores.catalog),
            unused_vectors=unused.count,
            unused_vector_bytes=unused.size_bytes,
            deleted_vectors=(
                await prune.delete_unused(stores.catalog) if wish.unused_vectors else 0
            ),
            broken_stores=await asyncio.to_thread(
                clear_broken_stores, settings.home, delete=wish.broken_stores
            ),
            originals=await drop_originals(stores.catalog, settings.home),
            catalog_bytes_before=before,
            problem=await _give_back(stores),
            catalog_bytes_after=await prune.catalog_bytes(stores.catalog),
            seconds=round(time.monotonic() - started, 3),
        )
    screen.show(done, _describe(done))
    return 1 if done.problem else 0


async def _give_back(stores: Stores) -> str | None:
    """Say what kept the catalog from shrinking, such as a full disk; nothing is lost by it."""
    try:
        await prune.give_back_space(stores.catalog)
    except CatalogUnavailableError as error:
        return str(error)
    return None


def _describe(done: Compaction) -> list[str]:
    lines = [
        f"{one.collection}: {one.removed_vectors:,} removed vectors, {one.changes:,} old changes "
        f"and {one.abandoned:,} documents of abandoned imports cleared away"
        for one in done.collections
    ]
    if done.deleted_vectors:
        lines.append(f"{done.deleted_vectors:,} unused vectors deleted")
    elif done.unused_vectors:
        kept = f"{done.unused_vectors:,} unused vectors ({done.unused_vector_bytes / 1e6:.1f} MB)"
        lines.append(
            f"{kept} kept, so that their texts need not be embedded again: --unused-vectors "
            "deletes them"
        )
    lines += [
        f"{one.collection}: the version before its last reindex deleted"
        for one in done.collections
        if one.versions
    ]
    for store in done.broken_stores:
        deleted = "deleted" if store.deleted else "kept: --broken-stores deletes it"
        lines.append(f"broken store {store.path} ({store.size_bytes / 1e6:.1f} MB) {deleted}")
    lines += _describe_originals(done.originals)
    before, after = done.catalog_bytes_before / 1e6, done.catalog_bytes_after / 1e6
    lines.append(f"catalog: {before:.1f} MB before, {after:.1f} MB now, in {done.seconds:.1f} s")
    if done.problem:
        lines.append(f"the catalog could not be made smaller: {done.problem}")
    return lines


def _describe_originals(dropped: Dropped) -> list[str]:
    if not dropped.files:
        return []
    size = f"{dropped.size_bytes / 1e6:.1f} MB"
    return [f"{dropped.files:,} uploaded files ({size}) of removed documents deleted"]
