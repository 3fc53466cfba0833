"""Live documents and their chunks, by id: read for callers, or removed for good."""

from __future__ import annotations

import logging
from pathlib import Path

from rag_api.requests import DocumentView, SourceView
from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.engine import Catalog
from rag_core.errors import DocumentNotFoundError, RagError
from rag_core.index import Index
from rag_core.originals import drop_originals
from rag_core.vectors import upkeep

logger = logging.getLogger(__name__)


async def read_document(catalog: Catalog, document_id: str) -> DocumentView:
    """Read one live document with its text; raises DocumentNotFoundError."""
    summary, text, page_starts = await documents.get_document(catalog, document_id)
    return DocumentView(
        id=summary.id,
        collection=summary.collection,
        source=summary.source,
        title=summary.title,
        media_type=summary.media_type,
        size_bytes=summary.size_bytes,
        chunks=summary.chunks,
        tokens=summary.tokens,
        metadata=dict(summary.metadata),
        content_hash=summary.content_hash.hex(),
        created_at=summary.created_at,
        language=summary.language,
        text=text,
        page_starts=page_starts,
    )


async def read_source(catalog: Catalog, chunk_id: str) -> SourceView:
    """Read one chunk of a live document; raises DocumentNotFoundError."""
    rows = await chunks.load_passage_rows(catalog, [chunk_id])
    if not rows:
        raise DocumentNotFoundError(chunk_id)
    row = rows[0]
    return SourceView(
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        source=row.source,
        title=row.title,
        page=row.page,
        heading_path=row.heading_path,
        start=row.start,
        end=row.end,
        text=row.text,
        metadata=dict(row.metadata),
    )


async def remove_document(index: Index, home: Path, document_id: str) -> None:
    """Hide one live document for good, with its file, and clear the indexes if they answer.

    Raises:
        DocumentNotFoundError: there is none with this id.
    """
    catalog = index.catalog
    summary, _, _ = await documents.get_document(catalog, document_id)
    collection = await collections.get_collection(catalog, summary.collection)
    if not await documents.remove_documents(catalog, collection, [document_id]):
        raise DocumentNotFoundError(document_id)
    await drop_originals(catalog, home, [summary.content_hash])
    try:
        await index.lexical.follow(
            catalog, await collections.get_collection(catalog, collection.name)
        )
        await upkeep.sweep(catalog, index.vectors, collection)
    except RagError as error:
        # No search shows what is not live in the catalog.
        logger.warning("removed; the next ingest clears the index: %s", error)
