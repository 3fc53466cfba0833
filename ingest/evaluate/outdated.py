"""Removes from a dataset's own collection what the dataset does not have any more."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ingest.stored import each_document
from rag_core.catalog import collections, documents
from rag_core.index import Index
from rag_core.vectors import upkeep


async def remove_others(index: Index, name: str, sources: AbstractSet[str]) -> int:
    """Remove all documents but those of these sources; returns how many."""
    collection = await collections.get_collection(index.catalog, name)
    stored = each_document(index.catalog, collection)
    gone = [one.id async for one in stored if one.source not in sources]
    if not gone:
        return 0
    removed = await documents.remove_documents(index.catalog, collection, gone)
    collection = await collections.get_collection(index.catalog, name)
    await index.lexical.follow(index.catalog, collection)
    await upkeep.sweep(index.catalog, index.vectors, collection)
    return removed
