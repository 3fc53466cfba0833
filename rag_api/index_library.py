"""The library that the routes read from, over the index."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rag_api.recent import RecentSearches
from rag_api.requests import CollectionView, DocumentView, SourceView
from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.collections import Collection
from rag_core.errors import DocumentNotFoundError, RagError
from rag_core.index import Index
from rag_core.query import NOTHING, Found, Query, fuse, merge
from rag_core.search import embed_query, find_collection, is_empty, search_collection
from rag_core.vectors import upkeep

logger = logging.getLogger(__name__)

SEARCHES_AT_ONCE = 4
"""More would share the same cores and end later, and make the streams in progress wait."""


def _make_turns() -> asyncio.Semaphore:
    return asyncio.Semaphore(SEARCHES_AT_ONCE)


@dataclass(frozen=True, slots=True)
class IndexLibrary:
    """The live documents of all collections."""

    index: Index
    _turns: asyncio.Semaphore = field(default_factory=_make_turns)
    _recent: RecentSearches = field(default_factory=RecentSearches)

    async def search(self, query: Query, *, collections: Mapping[str, float]) -> Found:
        """Find what fits best in these collections, each with its weight.

        Raises CollectionNotFoundError.
        """
        query.check()
        chosen = [await find_collection(self.index, name) for name in collections]
        found = await asyncio.gather(*(self._find_recent(one, query) for one in chosen))
        if len(found) == 1:
            return found[0]
        return merge(list(zip(collections.values(), found, strict=True)), query.top_k)

    async def _find_recent(self, collection: Collection, query: Query) -> Found:
        if query.variants:
            found = [self._find_recent(collection, one) for one in query.each()]
            return fuse(await asyncio.gather(*found), query.top_k)
        # All that a result depends on: a change of the documents gives the collection another
        # `seq`.
        key = (collection, self.index.lexical.commit(collection), query)
        return await self._recent.find(key, lambda: self._search(collection, query))

    async def _search(self, collection: Collection, query: Query) -> Found:
        if is_empty(collection):
            return NOTHING
        vector = await embed_query(self.index, query)  # by a server, perhaps: without a turn
        async with self._turns:
            return await search_collection(self.index, collection, query, vector)

    async def list_collections(self) -> Sequence[CollectionView]:
        """All of them, by name."""
        summaries = await collections.list_collections(self.index.catalog)
        return [CollectionView(**asdict(summary)) for summary in summaries]

    async def read_document(self, document_id: str) -> DocumentView:
        """One live document with its text; raises DocumentNotFoundError."""
        summary, text, page_starts = await documents.get_document(self.index.catalog, document_id)
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

    async def read_source(self, chunk_id: str) -> SourceView:
        """One chunk of a live document; raises DocumentNotFoundError."""
        rows = await chunks.load_passage_rows(self.index.catalog, [chunk_id])
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

    async def remove_document(self, document_id: str) -> None:
        """Hide one live document for good; raises DocumentNotFoundError."""
        catalog = self.index.catalog
        summary, _, _ = await documents.get_document(catalog, document_id)
        collection = await collections.get_collection(catalog, summary.collection)
        if not await documents.remove_documents(catalog, collection, [document_id]):
            raise DocumentNotFoundError(document_id)
        try:
            await self.index.lexical.follow(
                catalog, await collections.get_collection(catalog, collection.name)
            )
            await upkeep.sweep(catalog, self.index.vectors, collection)
        except RagError as error:
            # No search shows what is not live in the catalog.
            logger.warning("removed; the next ingest clears the index: %s", error)
