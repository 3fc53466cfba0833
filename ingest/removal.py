"""The command `ingest remove`: names to the documents that they mean, which then are gone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ingest.screen import Screen
from ingest.stored import find_all
from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import open_catalog
from rag_core.errors import DocumentNotFoundError, InvalidRequestError, RagError
from rag_core.index import clear_away
from rag_core.settings import Settings

logger = logging.getLogger(__name__)


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
        found, missing = await find_all(catalog, stored, wanted)
        if not found:
            raise DocumentNotFoundError(", ".join(missing))
        _ask(screen, len(found), sure=sure)
        await documents.remove_documents(catalog, stored, list(found))
        try:
            await clear_away(settings, catalog, stored)
        except RagError as error:
            # They are gone: what is not live in the catalog, no search shows.
            logger.warning("removed; the next ingest clears the index: %s", error)
    _show_removed(screen, stored, list(found.values()), missing=missing)
    return 1 if missing else 0


def _ask(screen: Screen, count: int, *, sure: bool) -> None:
    """Go on with one document, or when somebody says yes.

    Raises:
        InvalidRequestError: nobody did.
    """
    if count > 1 and not (sure or screen.confirm(f"Remove {count} documents?")):
        raise InvalidRequestError(
            f"{count} documents would go and nobody said yes: nothing is removed (use --yes)"
        )


def _show_removed(
    screen: Screen,
    collection: Collection,
    removed: Sequence[DocumentSummary],
    *,
    missing: Sequence[str],
) -> None:
    named = [{"id": document.id, "source": document.source} for document in removed]
    lines = [f"removed: {document.source}" for document in removed]
    lines += [f"no document {name!r}" for name in missing]
    screen.show({"collection": collection.name, "removed": named, "missing": missing}, lines)
