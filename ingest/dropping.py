"""Versions of a collection that readers do not see, deleted from all three stores."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.verify import Stores
from rag_core.catalog import versions
from rag_core.catalog.collections import Collection


async def drop_versions(stores: Stores, dropped: Sequence[Collection] = ()) -> None:
    """Delete these, and those that somebody was killed at; may be killed, and run again."""
    for version in dropped:
        await versions.give_up_version(stores.catalog, version)
    for version in await versions.find_dropped(stores.catalog):
        await stores.vectors.drop(version.vector_index)
        await stores.lexical.drop(version)
        await versions.delete_version(stores.catalog, version)
