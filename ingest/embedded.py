"""Texts to vectors in the catalog, of which only those are embedded that it lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
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


async def embed_missing(
    catalog: Catalog, embedder: Embedder, texts: Sequence[str]
) -> AsyncIterator[Slice]:
    """See to it that the catalog has the vectors of these texts; says so slice by slice."""
    model = embedder.fingerprint
    for part in batched(texts, _SLICE_TEXTS):
        by_hash = {hash_text(text): text for text in part}
        known = await vectors.has_vectors(catalog, model, list(by_hash))
        missing = [key for key in by_hash if key not in known]
        if missing:
            matrix = await embedder.embed([by_hash[key] for key in missing])
            await vectors.save_vectors(catalog, model, missing, matrix)
        yield Slice(len(missing), len(part) - len(missing))
