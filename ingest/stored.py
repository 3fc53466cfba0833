"""Names that a user gives to the stored documents that they mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ingest.plan import name_source
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog
from rag_core.errors import DocumentNotFoundError

_PAGE_DOCUMENTS = 1_000


async def find_document(catalog: Catalog, collection: Collection, wanted: str) -> DocumentSummary:
    """The live document with this id or source, the source also as a relative path.

    Raises:
        DocumentNotFoundError: the collection has none.
    """
    live = await documents.find_live(catalog, collection, [wanted, name_source(wanted)])
    for found in live.values():
        return found
    return (await documents.get_document(catalog, wanted))[0]


async def each_document(catalog: Catalog, collection: Collection) -> AsyncIterator[DocumentSummary]:
    """All live documents, in the order of their sources, read page by page."""
    after: str | None = None
    while page := await documents.list_documents(
        catalog, collection, limit=_PAGE_DOCUMENTS, after=after
    ):
        for document in page:
            yield document
        after = page[-1].source


async def documents_below(
    catalog: Catalog, collection: Collection, tops: Sequence[str]
) -> list[DocumentSummary]:
    """The live documents of these sources and below them, each once, in the order of sources."""
    found = await documents.find_live(catalog, collection, tops)
    for folder in {top.rstrip("/") + "/" for top in tops}:
        after = folder
        while page := await documents.list_documents(
            catalog, collection, limit=_PAGE_DOCUMENTS, after=after
        ):
            below = [one for one in page if one.source.startswith(folder)]
            found.update({one.source: one for one in below})
            if len(below) < len(page):
                break
            after = page[-1].source
    return [found[source] for source in sorted(found)]


async def find_all(
    catalog: Catalog, collection: Collection, wanted: Sequence[str]
) -> tuple[dict[str, DocumentSummary], list[str]]:
    """The documents that these names mean, by id, and the names that mean none."""
    found: dict[str, DocumentSummary] = {}
    missing = []
    for name in wanted:
        meant = await _find_meant(catalog, collection, name)
        found.update({document.id: document for document in meant})
        if not meant:
            missing.append(name)
    return found, missing


async def _find_meant(catalog: Catalog, collection: Collection, name: str) -> list[DocumentSummary]:
    try:
        return [await find_document(catalog, collection, name)]
    except DocumentNotFoundError:
        folder = name_source(name).rstrip("/") + "/"
        return [
            document
            async for document in each_document(catalog, collection)
            if document.source.startswith(folder)
        ]
