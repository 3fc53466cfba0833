from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from ingest.embedded import Embedding, Slice
from rag_core.errors import EmbeddingUnavailableError
from rag_core.index import Index
from tests.fakes import WordEmbedder


class SlowEmbedder(WordEmbedder):
    """Takes its time, and remembers what it saw; fails while it is told to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.fails = False

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        await asyncio.sleep(0.01)
        if self.fails:
            raise EmbeddingUnavailableError("gone")
        return await super().embed(texts)


async def test_texts_that_come_twice_at_once_are_embedded_once(index: Index) -> None:
    embedder = SlowEmbedder()
    embedding = Embedding(index.catalog, embedder)

    slices = await asyncio.gather(*(embedding.complete(["once", "twice", one]) for one in "abc"))

    assert sorted(embedder.texts) == ["a", "b", "c", "once", "twice"]
    assert sum(one.embedded for one in slices) == 5
    assert sum(one.reused for one in slices) == 4


async def test_what_the_catalog_has_is_not_embedded(index: Index) -> None:
    embedder = SlowEmbedder()
    await Embedding(index.catalog, embedder).complete(["here before"])

    done = await Embedding(index.catalog, embedder).complete(["here before", "here before"])

    assert done == Slice(embedded=0, reused=2)
    assert embedder.texts == ["here before"]


async def test_a_failure_leaves_its_texts_to_the_next_call(index: Index) -> None:
    embedder = SlowEmbedder()
    embedding = Embedding(index.catalog, embedder)
    embedder.fails = True
    with pytest.raises(EmbeddingUnavailableError):
        await embedding.complete(["a text that failed"])
    embedder.fails = False

    assert (await embedding.complete(["a text that failed"])).embedded == 1
