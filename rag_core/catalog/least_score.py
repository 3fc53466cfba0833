"""The least score of a collection, as it was calibrated, into the catalog."""

from __future__ import annotations

from sqlalchemy import update

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog

_table = tables.collections


async def set_least_score(catalog: Catalog, collection: Collection, score: float | None) -> None:
    """Keep what `ingest eval --calibrate` chose, with this version of the collection.

    Another version has none: its scores are those of another model, or of other chunks.
    """
    change = update(_table).where(_table.c.id == collection.id).values(least_score=score)
    async with catalog.writing() as connection:
        await connection.execute(change)
