"""Texts to vectors in the catalog, of which only those are embedded that it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from rag_core.catalog import vectors
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import batched
from rag_core.documents import hash_text
from rag_core.embedding import Embedder

_SLICE_TEXTS = 64
"""Embedded, and then saved, at once: the most that a kill -9 loses."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some texts whose vectors are in the catalog now."""

    embedded: int
    reused: int


class Embedding:
    """Sees to it that the catalog has vectors; no text is embedded twice, however many ask."""

    def __init__(self, catalog: Catalog, embedder: Embedder) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._under_way: dict[bytes, asyncio.Future[None]] = {}
        self._looking = asyncio.Lock()

    async def complete(self, texts: Sequence[str]) -> Slice:
        """Embed those of these texts that the catalog lacks, and save their vectors.

        What another call is embedding at this moment is waited for; should that call fail, the
        catalog still lacks it.

        Raises:
            RagError: the model or the catalog does not answer.
        """
        by_hash = {hash_text(text): text for text in texts}
        done = asyncio.get_running_loop().create_future()
        async with self._looking:
            others = {key: self._under_way[key] for key in by_hash if key in self._under_way}
            known = await vectors.has_vectors(
                self._catalog, self._embedder.fingerprint, list(by_hash)
            )
            here = known | others.keys()
            missing = {key: text for key, text in by_hash.items() if key not in here}
            self._under_way |= dict.fromkeys(missing, done)
        try:
            await self._embed(missing)
        finally:
            for key in missing:
                del self._under_way[key]
            done.set_result(None)
        if others:
            await asyncio.wait(set(others.values()))
        return Slice(len(missing), len(texts) - len(missing))

    async def _embed(self, missing: Mapping[bytes, str]) -> None:
        if missing:
            matrix = await self._embedder.embed(list(missing.values()))
            await vectors.save_vectors(
                self._catalog, self._embedder.fingerprint, list(missing), matrix
            )


async def embed_missing(
    catalog: Catalog, embedder: Embedder, texts: Sequence[str]
) -> AsyncIterator[Slice]:
    """See to it that the catalog has the vectors of these texts; says so slice by slice."""
    embedding = Embedding(catalog, embedder)
    for part in batched(texts, _SLICE_TEXTS):
        yield await embedding.complete(part)
