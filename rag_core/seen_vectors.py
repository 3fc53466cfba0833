"""The vectors that searches have read: the next ones over the same chunks need no catalog."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from rag_core.catalog import chunks
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.vectors import to_vector

MOST_BYTES = 128 * 1024 * 1024
"""70,000 vectors of 384."""
_BESIDE_BYTES = 400
"""What a vector takes beside its numbers."""

_Key = tuple[str, str]
_Seen = tuple[int, bytes | None]
"""At which `seq` of the collection a chunk was looked at, and its vector; None: it is not live."""


class SeenVectors:
    """Vectors by chunk; the one asked for longest ago goes first.

    A chunk's vector never changes, but it may die: what was read before the collection's last
    change is read again.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._seen: OrderedDict[_Key, _Seen] = OrderedDict()

    async def find(
        self, catalog: Catalog, collection: Collection, chunk_ids: Sequence[str]
    ) -> tuple[list[str], np.ndarray]:
        """Give what `chunks.find_vectors` would, of a collection that was read a moment ago.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        vectors: dict[str, bytes | None] = {}
        unknown: list[str] = []
        for one in chunk_ids:
            key = (collection.vector_index, one)
            seen = self._seen.get(key)
            if seen is None or seen[0] != collection.seq:
                unknown.append(one)
            else:
                self._seen.move_to_end(key)
                vectors[one] = seen[1]
        if unknown:
            vectors |= await self._read(catalog, collection, unknown)
        live = {one: vector for one, vector in vectors.items() if vector is not None}
        return list(live), to_vector(b"".join(live.values())).reshape(-1, collection.dimension)

    async def _read(
        self, catalog: Catalog, collection: Collection, chunk_ids: Sequence[str]
    ) -> dict[str, bytes | None]:
        found, matrix = await chunks.find_vectors(catalog, collection, chunk_ids)
        live = {one: row.tobytes() for one, row in zip(found, matrix, strict=True)}
        read = {one: live.get(one) for one in chunk_ids}
        for one, vector in read.items():
            key = (collection.vector_index, one)
            self._seen[key] = collection.seq, vector
            self._seen.move_to_end(key)
        most = self._most_bytes // (collection.dimension * matrix.itemsize + _BESIDE_BYTES)
        while len(self._seen) > most:
            self._seen.popitem(last=False)
        return read
