"""The library that the routes read from, over the index."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag_api import stored
from rag_api.recent import Recent
from rag_api.requests import CollectionView, DocumentView, SourceView
from rag_core.catalog import collections, originals, stretches
from rag_core.catalog.collections import Collection
from rag_core.catalog.originals import Original
from rag_core.embedding.together import Together
from rag_core.query import NOTHING, Found, Query, fuse, merge
from rag_core.search import embed_query, find_collection, is_empty, search_collection
from rag_core.threads import count_processors

if TYPE_CHECKING:
    from rag_core.index import Index

_MOST_AT_ONCE = 4
"""Searches; on fewer cores as many as these: more would share them and end later, and make the
streams in progress wait."""

_RECENT_SECONDS = 60.0
"""Most of what may change a result is in its key; a mended Chroma and the new source of a renamed
document, which are not, wait so long."""
_MOST_RECENT_PASSAGES = 4096
"""Kept in all, some 10 MB."""


def _make_turns() -> asyncio.Semaphore:
    return asyncio.Semaphore(min(_MOST_AT_ONCE, count_processors()))


def remember_searches(*, seconds: float = _RECENT_SECONDS) -> Recent[Found]:
    """Searches of the last minute: the same query over an unchanged collection is searched once."""
    return Recent(
        seconds=seconds, most=_MOST_RECENT_PASSAGES, weigh=lambda found: len(found.passages)
    )


def for_questions(index: Index) -> Index:
    """The same parts; queries of one moment are embedded in one call."""
    return replace(index, embedder=Together(index.embedder))


@dataclass(frozen=True, slots=True)
class IndexLibrary:
    """The live documents of all collections."""

    index: Index
    home: Path
    """Where uploaded files are kept."""
    _turns: asyncio.Semaphore = field(default_factory=_make_turns)
    _recent: Recent[Found] = field(default_factory=remember_searches)

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
        if "source" in query.filter_keys:
            return await self._search(collection, query)  # a renamed document changes no `seq`
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

    async def read_stretches(self, wanted: Sequence[stretches.Stretch]) -> Sequence[str | None]:
        """Parts of documents' texts, in the same order; None of a version that is gone."""
        return await stretches.read_stretches(self.index.catalog, wanted)

    async def read_vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Vectors of length one, by chunk id, of those chunks that are still there."""
        model = self.index.embedder.fingerprint
        return await stretches.read_vectors(self.index.catalog, model, chunk_ids)

    async def list_collections(self) -> Sequence[CollectionView]:
        """All of them, by name."""
        summaries = await collections.list_collections(self.index.catalog)
        return [CollectionView(**asdict(summary)) for summary in summaries]

    async def read_document(self, document_id: str) -> DocumentView:
        """One live document with its text; raises DocumentNotFoundError."""
        return await stored.read_document(self.index.catalog, document_id)

    async def read_original(self, document_id: str) -> Original:
        """Which file one live document was read from; raises DocumentNotFoundError."""
        return await originals.get_original(self.index.catalog, document_id)

    async def read_source(self, chunk_id: str) -> SourceView:
        """One chunk of a live document; raises DocumentNotFoundError."""
        return await stored.read_source(self.index.catalog, chunk_id)

    async def remove_document(self, document_id: str) -> None:
        """Hide one live document for good; raises DocumentNotFoundError."""
        await stored.remove_document(self.index, self.home, document_id)
