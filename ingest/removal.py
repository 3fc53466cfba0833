"""The command `ingest remove`: names to the documents that they mean, which then are gone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.screen import Screen
from ingest.stored import find_all, find_held
from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.quarantine import forget_failures
from rag_core.errors import DocumentNotFoundError, InvalidRequestError, RagError
from rag_core.index import clear_away
from rag_core.originals import drop_originals
from rag_core.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal is to take away, or took."""

    collection: str
    documents: tuple[DocumentSummary, ...]
    forgotten: tuple[str, ...]
    """Sources that were in quarantine."""
    missing: tuple[str, ...]
    """Names that mean nothing."""


async def remove(
    settings: Settings,
    screen: Screen,
    *,
    wanted: Sequence[str],
    collection: str | None,
    sure: bool,
) -> int:
    """Remove documents, by id, source or the folder above them."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        result = await _find(catalog, stored, wanted)
        _ask(screen, len(result.documents), sure=sure)
        ids = [document.id for document in result.documents]
        await documents.remove_documents(catalog, stored, ids)
        await forget_failures(catalog, stored, result.forgotten)
        await drop_originals(catalog, settings.home)
        try:
            await clear_away(settings, catalog, stored)
        except RagError as error:
            # They are gone: what is not live in the catalog, no search shows.
            logger.warning("removed; the next ingest clears the index: %s", error)
    _show_removed(screen, result)
    return 1 if result.missing else 0


async def _find(catalog: Catalog, collection: Collection, wanted: Sequence[str]) -> Removed:
    """What these names mean.

    Raises:
        DocumentNotFoundError: nothing.
    """
    found, missing = await find_all(catalog, collection, wanted)
    held = await find_held(catalog, collection, wanted)
    forgotten = sorted({source for sources in held.values() for source in sources})
    if not found and not forgotten:
        raise DocumentNotFoundError(", ".join(missing))
    unknown = tuple(name for name in missing if not held[name])
    return Removed(collection.name, tuple(found.values()), tuple(forgotten), unknown)


def _ask(screen: Screen, count: int, *, sure: bool) -> None:
    """Go on with one document, or when somebody says yes.

    Raises:
        InvalidRequestError: nobody did.
    """
    if count > 1 and not (sure or screen.confirm(f"Remove {count} documents?")):
        raise InvalidRequestError(
            f"{count} documents would go and nobody said yes: nothing is removed (use --yes)"
        )


def _show_removed(screen: Screen, result: Removed) -> None:
    named = [{"id": document.id, "source": document.source} for document in result.documents]
    lines = [f"removed: {document.source}" for document in result.documents]
    lines += [f"forgotten, it was in quarantine: {source}" for source in result.forgotten]
    lines += [f"no document {name!r}" for name in result.missing]
    keys = {
        "collection": result.collection,
        "removed": named,
        "missing": result.missing,
        "forgotten": result.forgotten,
    }
    screen.show(keys, lines)
