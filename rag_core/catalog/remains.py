"""What is left in the catalog of documents that are to be gone, and of their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import delete, func, select, union

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.prune import hold_chunks, unused_hashes
from rag_core.catalog.storable import among, batched

_DOCUMENTS = 500

_documents = tables.documents
_chunks = tables.chunks
_vectors = tables.vectors


@dataclass(frozen=True, slots=True)
class Traces:
    """By what documents can be looked for once they are gone."""

    chunks: dict[str, int]
    """How many chunks each document has, by its id."""
    hashes: set[bytes]
    """Under which the vectors of their texts are stored."""


async def find_traces(catalog: Catalog, document_ids: Sequence[str]) -> Traces:
    """Note down what is stored of these documents, whatever their state."""
    traces = Traces({}, set())
    for part in batched(document_ids, _DOCUMENTS):
        count = (
            select(_documents.c.id, func.count(_chunks.c.id))
            .outerjoin_from(_documents, _chunks)
            .where(among(_documents.c.id, part))
            .group_by(_documents.c.id)
        )
        hashes = select(_chunks.c.vector_hash).where(among(_chunks.c.document_id, part))
        async with catalog.reading() as connection:
            traces.chunks.update({row[0]: row[1] for row in await connection.execute(count)})
            traces.hashes.update(await connection.scalars(hashes))
    return traces


async def find_remains(catalog: Catalog, document_ids: Sequence[str]) -> set[str]:
    """Which of these documents have a row left anywhere, as text, chunk or itself."""
    found: set[str] = set()
    for part in batched(document_ids, _DOCUMENTS):
        query = union(
            select(_documents.c.id).where(among(_documents.c.id, part)),
            select(tables.texts.c.document_id).where(among(tables.texts.c.document_id, part)),
            select(_chunks.c.document_id).where(among(_chunks.c.document_id, part)),
        )
        async with catalog.reading() as connection:
            found.update(await connection.scalars(query))
    return found


async def find_still_live(catalog: Catalog, document_ids: Sequence[str]) -> set[str]:
    """Which of these documents readers see."""
    found: set[str] = set()
    for part in batched(document_ids, _DOCUMENTS):
        query = select(_documents.c.id).where(
            among(_documents.c.id, part), tables.row_state == "live"
        )
        async with catalog.reading() as connection:
            found.update(await connection.scalars(query))
    return found


async def delete_unused_among(
    catalog: Catalog, model: str, hashes: AbstractSet[bytes]
) -> set[bytes]:
    """Delete those of these vectors of a model that no stored document uses; returns which.

    Documents that are stored at the same moment wait, as in `prune.delete_unused`.
    """
    if not hashes:
        return set()
    async with catalog.writing() as connection:
        await hold_chunks(connection)
        unused = set(await connection.scalars(unused_hashes(model))) & hashes
        for part in batched(sorted(unused)):
            await connection.execute(
                delete(_vectors).where(_vectors.c.fingerprint == model, _vectors.c.hash.in_(part))
            )
    return unused
