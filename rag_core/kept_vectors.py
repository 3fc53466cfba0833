"""The vectors of what filters allow: read from the catalog once, compared with every question."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag_core.catalog import chunks
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.documents import document_of

MOST_BYTES = 256 * 1024 * 1024
"""175,000 vectors of 384, of all filters together; one of them may have half of it."""
_FLOAT_BYTES = 4
_PART_CHUNKS = 5_000
"""Read in one statement."""


@dataclass(frozen=True, slots=True)
class Near:
    """What is looked for: the k vectors closest to this one."""

    vector: np.ndarray
    k: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """The chunks of some documents, and their vectors, a row each."""

    documents: frozenset[str]
    chunk_ids: Sequence[str]
    matrix: np.ndarray

    def closest(self, near: Near) -> list[tuple[str, float]]:
        """Find the k that are closest, in no order, with their cosines."""
        # Not `@`: its threads wait for each other, on busy cores a hundred times longer.
        cosines = np.vecdot(self.matrix, near.vector)
        chosen = np.arange(len(cosines))
        if len(cosines) > near.k:
            chosen = np.argpartition(cosines, -near.k)[-near.k :]
        return [(self.chunk_ids[at], float(cosines[at])) for at in chosen.tolist()]


class KeptVectors:
    """Vectors by the filter that asked for them; the one asked for longest ago goes first.

    Each version of a document has an id of its own, so that what was read stays right: after a
    change only the new documents are read.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, _Rows] = OrderedDict()
        self._turn = asyncio.Lock()

    def has_room(self, collection: Collection, count: int) -> bool:
        """Whether so many vectors may be kept for one filter."""
        return count * collection.dimension * _FLOAT_BYTES <= self._most_bytes // 2

    async def nearest(
        self,
        catalog: Catalog,
        collection: Collection,
        documents: Mapping[str, int],
        *,
        key: Hashable,
        near: Near,
    ) -> list[tuple[str, float]]:
        """Find the closest chunks of these documents and their cosines, the closest first.

        `documents` tells how many chunks each has, `key` this filter from others.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        if not self.has_room(collection, sum(documents.values())):
            found = await _closest_of_many(catalog, collection, documents, near)
        else:
            async with self._turn:  # or two who ask the same at once would read the same
                rows = await self._bring(catalog, collection, documents, key)
            found = await asyncio.to_thread(rows.closest, near)
        return sorted(found, key=lambda one: -one[1])[: near.k]

    async def _bring(
        self, catalog: Catalog, collection: Collection, documents: Mapping[str, int], key: Hashable
    ) -> _Rows:
        """Give what is kept, brought up to the documents that are allowed now."""
        rows = self._kept.get(key)
        if rows is None or rows.documents != documents.keys():
            rows = await _refresh(catalog, collection, documents, rows)
            self._kept[key] = rows
        self._kept.move_to_end(key)
        while sum(one.matrix.nbytes for one in self._kept.values()) > self._most_bytes:
            self._kept.popitem(last=False)
        return rows


async def _refresh(
    catalog: Catalog, collection: Collection, documents: Mapping[str, int], old: _Rows | None
) -> _Rows:
    """Read the vectors of the documents that `old` has not, and drop those of others."""
    chunk_ids: list[str] = []
    matrices = [np.empty((0, collection.dimension), np.float32)]
    if old is not None:
        kept = [document_of(one) in documents for one in old.chunk_ids]
        chunk_ids += [one for one, keep in zip(old.chunk_ids, kept, strict=True) if keep]
        matrices.append(old.matrix[np.array(kept, bool)])
    known = old.documents if old is not None else frozenset()
    for part in _cut({one: count for one, count in documents.items() if one not in known}):
        found, matrix = await chunks.document_vectors(catalog, collection, part)
        chunk_ids += found
        matrices.append(matrix)
    return _Rows(frozenset(documents), chunk_ids, np.concatenate(matrices))


async def _closest_of_many(
    catalog: Catalog, collection: Collection, documents: Mapping[str, int], near: Near
) -> list[tuple[str, float]]:
    """Compare too many to be kept, some at a time."""
    found: list[tuple[str, float]] = []
    for part in _cut(documents):
        chunk_ids, matrix = await chunks.document_vectors(catalog, collection, part)
        rows = _Rows(frozenset(part), chunk_ids, matrix)
        found += await asyncio.to_thread(rows.closest, near)
    return found


def _cut(documents: Mapping[str, int]) -> Iterator[list[str]]:
    """Cut into parts of about as many chunks as are read at a time."""
    part: list[str] = []
    size = 0
    for document_id, count in documents.items():
        part.append(document_id)
        size += count
        if size >= _PART_CHUNKS:
            yield part
            part, size = [], 0
    if part:
        yield part
