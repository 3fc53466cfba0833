"""Small working stand-ins for the parts that are slow or far away, and short ways to fill them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rag_core.catalog import chunks, collections, documents, vectors
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import StagedDocument
from rag_core.catalog.engine import Catalog
from rag_core.documents import (
    Chunk,
    Document,
    Passage,
    hash_text,
    indexed_texts,
    new_document_id,
)
from rag_core.embedding import Embedder
from rag_core.errors import VectorsMissingError
from rag_core.index import Index
from rag_core.query import Query
from rag_core.search import Searched, search


class WordEmbedder:
    """A text's vector is the sum of its words' random directions: shared words bring it close."""

    fingerprint = "fake/words/64"
    dimension = 64
    tokenizer = "estimate"
    max_tokens: int | None = None

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        matrix = np.array([self._sum(text) for text in texts], np.float32)
        return matrix.reshape(len(texts), self.dimension)

    def _sum(self, text: str) -> np.ndarray:
        words = (text.lower().split() or [""])[:256]
        total = sum((self._direction(word) for word in words), np.zeros(64))
        return total / (np.linalg.norm(total) or 1.0)

    def _direction(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:4])
        return np.random.default_rng(seed).standard_normal(self.dimension)


class MemoryVectors:
    """The vector index in memory, exact."""

    def __init__(self, home: Path = Path("/nowhere")) -> None:
        self.home = home
        """Where locks are."""
        self.collections: dict[str, dict[str, np.ndarray]] = {}

    async def create(self, name: str) -> None:
        self.collections.setdefault(name, {})

    async def drop(self, name: str) -> None:
        self.collections.pop(name, None)

    async def names(self) -> list[str]:
        return list(self.collections)

    async def add(self, name: str, ids: Sequence[str], matrix: np.ndarray) -> None:
        self._named(name).update(zip(ids, matrix, strict=True))

    async def remove(self, name: str, ids: Sequence[str]) -> None:
        for chunk_id in ids:
            self._named(name).pop(chunk_id, None)

    async def query(self, name: str, vector: np.ndarray, k: int) -> list[tuple[str, float]]:
        scored = [(key, float(row @ vector)) for key, row in self._named(name).items()]
        return sorted(scored, key=lambda one: -one[1])[:k]

    async def count(self, name: str) -> int:
        return len(self._named(name))

    def _named(self, name: str) -> dict[str, np.ndarray]:
        if name not in self.collections:
            raise VectorsMissingError(f"no collection {name!r}")
        return self.collections[name]


async def find_passages(
    index: Searched, collection: str, text: str, *, top_k: int
) -> Sequence[Passage]:
    """What fits a text."""
    return (await search(index, collection, Query(text, top_k))).passages


async def stage(
    catalog: Catalog, collection: Collection, embedder: Embedder, texts: Mapping[str, str]
) -> list[str]:
    """Stage one document a source, each paragraph a chunk, with its vectors; returns their ids."""
    staged = [_staged(source, text) for source, text in texts.items()]
    indexed = [text for one in staged for text in indexed_texts(one.document, one.chunks)]
    await vectors.save_vectors(
        catalog, embedder.fingerprint, list(map(hash_text, indexed)), await embedder.embed(indexed)
    )
    await documents.stage_documents(catalog, collection, staged)
    return [one.id for one in staged]


async def collection_of(index: Index, name: str = "default") -> Collection:
    """The collection of this name, made if need be."""
    return await collections.ensure_collection(
        index.catalog,
        name,
        fingerprint=index.embedder.fingerprint,
        dimension=index.embedder.dimension,
    )


async def publish(index: Index, collection: Collection, ids: Sequence[str]) -> None:
    """Publish staged documents as an ingest does; vectors of replaced ones stay in the index."""
    await index.vectors.create(collection.vector_index)
    async for chunk_ids, matrix in chunks.chunk_vectors(index.catalog, collection, ids):
        await index.vectors.add(collection.vector_index, chunk_ids, matrix)
    await documents.publish_documents(index.catalog, collection, ids)
    await index.lexical.follow(index.catalog, collection)


def _staged(source: str, text: str) -> StagedDocument:
    pieces, start = [], 0
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        pieces.append(Chunk(start, end, paragraph, len(paragraph.split())))
        start = end + 2
    return StagedDocument(
        id=new_document_id(),
        document=Document(source, "", text, "text/plain", "plain"),
        chunks=tuple(pieces),
        content_hash=hash_text(text),
        size_bytes=len(text.encode(errors="replace")),
        metadata={},
    )
