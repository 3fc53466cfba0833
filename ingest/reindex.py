"""A collection to another model or splitting: built beside the live version, then switched."""

from __future__ import annotations

from contextlib import nullcontext

from ingest.copying import Copied, Progress
from ingest.cutting import check_splitting
from ingest.dropping import drop_versions
from ingest.splitting import Wish
from ingest.takeover import Making, OpenEmbedder, Reindexed, begin, take_over
from ingest.verify import Stores
from rag_core.catalog import collections, versions
from rag_core.catalog.collections import Collection
from rag_core.embedding import Embedder
from rag_core.errors import InvalidRequestError


async def reindex_collection(
    stores: Stores, name: str, embedder: Embedder, wish: Wish, progress: Progress
) -> Reindexed:
    """Build the next version of a collection from the texts in the catalog, and switch to it.

    May be killed at any moment, and goes on from there when it is run again; what is embedded is
    not embedded again. Readers see the old version until the new one holds all of it, with what
    has come in meanwhile. The old one is kept as the previous version.

    Raises:
        CollectionNotFoundError: there is none of this name.
        InvalidRequestError: it cannot be cut as is wished.
        UnavailableError: a store or the model does not answer; run it again.
    """
    before = await begin(stores, name)
    splitting = wish.over(before.splitting)
    check_splitting(splitting, embedder)
    wanted = (embedder.fingerprint, embedder.dimension, splitting)
    left = await versions.find_version(stores.catalog, name, "next")
    if left is not None and (_kind(left) != wanted or _kind(before) == wanted):
        await drop_versions(stores, [left])
    if _kind(before) == wanted:
        return Reindexed(before, before, Copied())
    target = await collections.ensure_collection(
        stores.catalog,
        collections.version_name(name, "next"),
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        splitting=splitting,
    )
    return await take_over(Making(stores, target, lambda: nullcontext(embedder), progress), before)


async def roll_back(
    stores: Stores, name: str, open_model: OpenEmbedder, progress: Progress
) -> Reindexed:
    """Switch to the previous version of a collection, which the current one then is.

    Documents that were removed since are removed from it first. Those that have come in are cut
    and embedded as it is, which takes its model; where there are none, nothing is embedded.

    Raises:
        InvalidRequestError: no previous version is kept.
        ConfigurationError: its model is needed, and the one that is opened is another.
    """
    before = await begin(stores, name)
    target = await versions.find_version(stores.catalog, name, "previous")
    if target is None:
        raise InvalidRequestError(
            f"collection {name!r} has no version to go back to: 'ingest reindex' keeps the one "
            "before until the next reindex, or until 'ingest compact'"
        )
    return await take_over(Making(stores, target, open_model, progress), before)


def _kind(collection: Collection) -> tuple[object, ...]:
    return collection.fingerprint, collection.dimension, collection.splitting
