"""Clears away what of a collection has no use any more, in all three stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ingest.dropping import drop_versions
from ingest.verify import Stores
from rag_core.catalog import changes, chunks, collections, versions
from rag_core.catalog.unseen import give_up_abandoned
from rag_core.vectors import upkeep

_CHANGES_KEPT = 10_000
"""An index that is further behind is made anew from the live documents, which takes no longer."""
_ABANDONED = timedelta(days=1)
_WORN_SHARE = 0.05
"""Of removed vectors in Chroma, from which on it is built anew."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was deleted of a collection."""

    collection: str
    removed_vectors: int
    """Whose marks Chroma kept: it was built anew without them."""
    changes: int
    abandoned: int
    """Documents of imports that nobody has gone on with for a day."""
    versions: int
    """That were kept to go back to before the last reindex."""


async def clear_collection(stores: Stores, name: str) -> Compacted:
    """Clear away what is dead, and build Chroma anew if many vectors were removed from it.

    The version from before the last reindex goes, too.
    """
    collection = await collections.get_collection(stores.catalog, name)
    await stores.lexical.follow(stores.catalog, collection)
    abandoned = await give_up_abandoned(stores.catalog, collection, _ABANDONED)
    await upkeep.sweep(stores.catalog, stores.vectors, collection)
    collection = await collections.get_collection(stores.catalog, name)
    removed = collection.removed_vectors
    live = await chunks.count_live_chunks(stores.catalog, collection)
    worn = removed > _WORN_SHARE * (live + removed)
    if worn:
        await upkeep.rebuild(stores.catalog, stores.vectors, collection)
    pruned = await changes.prune_changes(stores.catalog, collection, keep=_CHANGES_KEPT)
    previous = await versions.find_version(stores.catalog, name, "previous")
    await drop_versions(stores, [previous] if previous else [])
    return Compacted(name, removed if worn else 0, pruned, abandoned, int(previous is not None))
