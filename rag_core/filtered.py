"""A filter as what both halves of a search may find, before anything is ranked.

The catalog says which documents a filter allows. Of these the best are found as an index that
held nothing else would find them: their vectors are read from the catalog, kept, and all compared.
Where they are too many to be kept, Chroma is asked for more, and the others are left out.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rag_core.catalog import chunks
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.filtering import find_allowed
from rag_core.documents import document_of
from rag_core.filters import Condition, keys_of
from rag_core.kept_vectors import MOST_BYTES, KeptVectors, Near
from rag_core.lexical.engine import Lexical
from rag_core.lexical.reader import Matches
from rag_core.vectors.chroma import Vectors

_MOST_RESOLVED = 64
"""Filters whose documents are remembered: 200 bytes a document."""
_MORE = 1.5
"""Times as many are asked for as should do."""
_WIDER = 4
"""Times as many as were asked for, where all are compared and more cost nothing: the further the
list goes, the lower is what the others cannot pass, and the fewer searches have to go deeper."""
_MOST_ASKED = 3_000
"""Of Chroma and of tantivy: 20 ms and 8 ms."""


class Parts(Protocol):
    """What a filtered search asks; an index has them."""

    @property
    def catalog(self) -> Catalog:
        """Says which documents are allowed, and holds their vectors."""

    @property
    def vectors(self) -> Vectors:
        """Finds by meaning."""

    @property
    def lexical(self) -> Lexical:
        """Finds by words."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The live documents that a filter allows, in one state of a collection."""

    condition: Condition
    counts: Mapping[str, int]
    """How many chunks each has, by its id."""
    chunks: int
    """Of these documents."""
    all_chunks: int
    """Of the whole collection."""

    def has(self, chunk_id: str) -> bool:
        """Whether a chunk is of one of these documents."""
        return document_of(chunk_id) in self.counts

    def asked_for(self, depth: int) -> int:
        """How many chunks of the whole collection should hold `depth` that are allowed."""
        return int(depth * _MORE * self.all_chunks / max(1, self.chunks)) + 1


class Filters:
    """What filters allow, and the vectors of it, remembered for the searches that come next."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._resolved: OrderedDict[tuple[str, Condition], tuple[int, Allowed]] = OrderedDict()
        self._kept = KeptVectors(most_bytes=most_bytes)

    async def resolve(
        self, catalog: Catalog, collection: Collection, condition: Condition
    ) -> Allowed:
        """Find what a filter allows in a collection that was read a moment ago.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        key = (collection.vector_index, condition)
        seq, known = self._resolved.get(key, (-1, None))
        if known is not None and seq == collection.seq:
            self._resolved.move_to_end(key)
            return known
        counts, all_chunks = await asyncio.gather(
            find_allowed(catalog, collection, condition),
            chunks.count_live_chunks(catalog, collection),
        )
        allowed = Allowed(condition, counts, sum(counts.values()), all_chunks)
        # A renamed document has another source, and the collection the same `seq`.
        if "source" not in keys_of(condition):
            self._resolved[key] = (collection.seq, allowed)
            while len(self._resolved) > _MOST_RESOLVED:
                self._resolved.popitem(last=False)
        return allowed

    async def nearest(
        self, parts: Parts, collection: Collection, vector: np.ndarray, allowed: Allowed, depth: int
    ) -> list[tuple[str, float]]:
        """Find `depth` allowed chunks or more and their cosines, the closest first."""
        asked = allowed.asked_for(depth)
        if not self._kept.has_room(collection, allowed.chunks) and asked <= _MOST_ASKED:
            closest = await parts.vectors.query(collection.vector_index, vector, asked)
            found = [one for one in closest if allowed.has(one[0])]
            if len(found) >= depth:
                return found[:depth]
        return await self._kept.nearest(
            parts.catalog,
            collection,
            allowed.counts,
            key=(collection.vector_index, allowed.condition),
            near=Near(vector, depth * _WIDER),
        )

    async def matches(
        self, parts: Parts, collection: Collection, text: str, allowed: Allowed, depth: int
    ) -> Matches:
        """Find the at most `depth` allowed chunks of highest BM25, counted in all chunks."""
        asked = allowed.asked_for(depth)
        if asked < len(allowed.counts) and asked <= _MOST_ASKED:
            wide = await parts.lexical.search(collection, text, asked)
            best = [one for one in wide.best if allowed.has(one[0])][:depth]
            if len(best) == depth or len(wide.best) < asked:
                floor = best[-1][1] if len(best) == depth else 0.0
                return replace(wide, best=best, floor=floor)
        return await parts.lexical.search(collection, text, depth, only=list(allowed.counts))
