"""What is read of documents beyond their chunks: parts of their texts, and vectors by chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Text, bindparam, func, select

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, as_json
from rag_core.catalog.vectors import to_vector

Stretch = tuple[str, int, int]
"""A document's id, and where its part begins and ends, half open, in Unicode code points."""

_texts = tables.texts.c
# Both databases count characters, from 1.
_CUT = select(func.substr(_texts.text, bindparam("start"), bindparam("length"))).where(
    _texts.document_id == bindparam("document_id")
)
_VECTORS = (
    select(tables.chunks.c.id, tables.vectors.c.vector)
    .join(tables.vectors, tables.vectors.c.hash == tables.chunks.c.vector_hash)
    .where(tables.vectors.c.fingerprint == bindparam("fingerprint"))
    .where(among(tables.chunks.c.id, bindparam("ids", type_=Text)))
)


async def read_stretches(catalog: Catalog, stretches: Sequence[Stretch]) -> list[str | None]:
    """Read parts of documents, in the same order; None of a version that was deleted since."""
    return await asyncio.gather(*(_cut(catalog, *one) for one in stretches))


async def _cut(catalog: Catalog, document_id: str, start: int, end: int) -> str | None:
    values = {"document_id": document_id, "start": start + 1, "length": end - start}
    rows = await catalog.rows(_CUT, values)
    return str(rows[0][0]) if rows else None


async def read_vectors(
    catalog: Catalog, fingerprint: str, chunk_ids: Sequence[str]
) -> Mapping[str, np.ndarray]:
    """Read this model's vectors of chunks, in whatever collections they are, by their ids."""
    values = {"fingerprint": fingerprint, "ids": as_json(chunk_ids)}
    return {row[0]: to_vector(row[1]) for row in await catalog.rows(_VECTORS, values)}
