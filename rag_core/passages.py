"""Scored chunks as Passages, with all that is stored of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.catalog import chunks, collections
from rag_core.catalog.chunks import PassageRow
from rag_core.catalog.engine import Catalog
from rag_core.documents import Passage


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk with its scores, as a Passage has them."""

    chunk_id: str
    cosine: float
    lexical: float
    fused: float


async def load_passages(catalog: Catalog, best: Sequence[Scored]) -> list[Passage]:
    """Read the passages of those chunks that are live, in their order."""
    rows = await chunks.load_passage_rows(catalog, [one.chunk_id for one in best])
    scored = {one.chunk_id: one for one in best}
    return [_passage(row, scored[row.chunk_id]) for row in rows]


def _passage(row: PassageRow, scored: Scored) -> Passage:
    return Passage(
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        collection=collections.visible_name(row.collection),
        source=row.source,
        title=row.title,
        text=row.text,
        start=row.start,
        end=row.end,
        page=row.page,
        heading_path=row.heading_path,
        score=scored.cosine,
        lexical_score=scored.lexical,
        fused_score=scored.fused,
        metadata=row.metadata,
    )
