"""The commands that only look: documents, one of them, and what failed."""

from __future__ import annotations

from dataclasses import asdict

from ingest.screen import Screen
from ingest.stored import each_document, find_document
from rag_core.catalog import collections, documents
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.quarantine import Quarantined, list_quarantined
from rag_core.settings import Settings

_DOCUMENT_COLUMNS = ("source", "title", "chunks", "tokens", "id")
_QUARANTINE_COLUMNS = ("source", "reason", "failures", "last failed")


async def list_documents(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """List the documents of a collection, in the order of their sources."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        found = [document async for document in each_document(catalog, stored)]
    rows = ((one.source, one.title, str(one.chunks), str(one.tokens), one.id) for one in found)
    result = {"collection": stored.name, **asdict(stored.splitting), "documents": found}
    screen.show_table(result, _DOCUMENT_COLUMNS, rows)
    return 0


async def list_quarantine(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """List what is in the quarantine of a collection, by source."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        held = await list_quarantined(catalog, stored)
    if not held and not screen.as_json:
        screen.show(None, [f"{stored.name}: nothing is in quarantine"])
        return 0
    rows = (
        (one.file.source, one.file.detail, str(one.failures), f"{one.last_failed_at:%Y-%m-%d}")
        for one in held
    )
    result = {"collection": stored.name, "quarantined": [_as_keys(one) for one in held]}
    screen.show_table(result, _QUARANTINE_COLUMNS, rows)
    return 0


async def show(settings: Settings, screen: Screen, *, wanted: str, collection: str | None) -> int:
    """Show a document and its text."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        found = await find_document(catalog, stored, wanted)
        _, text, page_starts = await documents.get_document(catalog, found.id)
    result = {**asdict(found), "text": text, "page_starts": page_starts}
    known = [f"{name}: {value}" for name, value in _describe(found).items() if value]
    screen.show(result, [*known, "", *text.splitlines()])
    return 0


def _describe(document: DocumentSummary) -> dict[str, str]:
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "type": document.media_type,
        "language": document.language,
        "size": f"bytes: {document.size_bytes}, chunks: {document.chunks}, "
        f"tokens: {document.tokens}",
        "metadata": ", ".join(f"{key}={value}" for key, value in document.metadata.items()),
        "ingested": f"{document.created_at:%Y-%m-%d %H:%M:%S %Z}",
    }


def _as_keys(held: Quarantined) -> dict[str, object]:
    file = held.file
    return {
        "source": file.source,
        "error": file.error,
        "detail": file.detail,
        "failures": held.failures,
        "first_failed_at": held.first_failed_at,
        "last_failed_at": held.last_failed_at,
        "size_bytes": file.size_bytes,
        "content_hash": file.content_hash,
        "program": file.program,
    }
