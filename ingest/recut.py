"""Stored documents, cut into chunks again: from their texts, without their files."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.split import split_document
from rag_core.catalog.audit import StoredDocument
from rag_core.catalog.documents import StagedDocument
from rag_core.documents import Document, Splitting
from rag_core.languages import detect_language
from rag_core.threads import to_its_end
from rag_core.tokens import TokenCounter


async def recut(
    batch: Sequence[StoredDocument],
    ids: Sequence[str],
    *,
    counter: TokenCounter,
    splitting: Splitting,
) -> list[StagedDocument]:
    """Make a version of each document that has these ids and is cut in this way, in a thread."""
    return await to_its_end(_recut, batch, ids, counter, splitting)


def _recut(
    batch: Sequence[StoredDocument],
    ids: Sequence[str],
    counter: TokenCounter,
    splitting: Splitting,
) -> list[StagedDocument]:
    return [
        _cut(stored, document_id, counter, splitting)
        for stored, document_id in zip(batch, ids, strict=True)
    ]


def _cut(
    stored: StoredDocument, document_id: str, counter: TokenCounter, splitting: Splitting
) -> StagedDocument:
    document = Document(
        source=stored.source,
        title=stored.title,
        text=stored.text,
        media_type=stored.media_type,
        markup=stored.markup,
        page_starts=stored.page_starts,
        language=stored.language or detect_language(stored.text),
    )
    return StagedDocument(
        id=document_id,
        document=document,
        chunks=split_document(document, counter, splitting),
        content_hash=stored.content_hash,
        size_bytes=stored.size_bytes,
        metadata=stored.metadata,
    )
