"""What the catalog knows of the files that documents were read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import batched, storable
from rag_core.errors import DocumentNotFoundError

PDF = "application/pdf"

_table = tables.documents.c


@dataclass(frozen=True, slots=True)
class Original:
    """Which file a live document was read from, and where its pages begin in the text."""

    source: str
    media_type: str
    content_hash: bytes
    """SHA-256 of the file."""
    size_bytes: int
    page_starts: tuple[int, ...]
    """Empty when the format has no pages."""


async def get_original(catalog: Catalog, document_id: str) -> Original:
    """Read which file a live document was read from.

    Raises:
        DocumentNotFoundError: no live document has this id.
    """
    query = (
        select(
            *(_table.source, _table.media_type, _table.content_hash, _table.size_bytes),
            tables.texts.c.page_starts,
        )
        .join_from(tables.documents, tables.texts)
        .where(_table.id == storable(document_id), tables.is_live)
    )
    async with catalog.reading() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise DocumentNotFoundError(document_id)
    return Original(*row)


async def wanted_hashes(catalog: Catalog, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these SHA-256 values that live PDF documents have."""
    found: set[bytes] = set()
    for part in batched(hashes):
        query = select(_table.content_hash).where(
            _table.content_hash.in_(part), _table.media_type == PDF, tables.is_live
        )
        async with catalog.reading() as connection:
            found.update(await connection.scalars(query))
    return found
