"""A source to the bytes of its live document, for who asks whether they must be fetched again."""

from __future__ import annotations

from dataclasses import dataclass

from rag_core.catalog import collections, documents
from rag_core.catalog.engine import Catalog
from rag_core.errors import CollectionNotFoundError


@dataclass(frozen=True, slots=True)
class LiveHashes:
    """The documents of one collection, which need not be there yet."""

    catalog: Catalog
    collection: str

    async def find(self, source: str) -> bytes | None:
        """Give the SHA-256 of the bytes; None when no live document is of this source."""
        try:
            collection = await collections.get_collection(self.catalog, self.collection)
        except CollectionNotFoundError:
            return None
        live = await documents.find_live(self.catalog, collection, [source])
        return live[source].content_hash if source in live else None
