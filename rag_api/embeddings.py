"""Texts of callers → vectors, by the model that the documents are embedded with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from rag_core.embedding import Embedder
from rag_core.embedding.batches import Matrix, cut_batches
from rag_core.errors import EmbeddingUnavailableError
from rag_core.settings import Settings
from rag_core.tokens import TokenCounter, open_counter

QUEUE_SECONDS = 10.0
"""How long a request waits for its turn, before it is refused."""

# More would make questions wait, whose own texts stand in the same line.
_AT_ONCE = 4
# A part of a request, so that what its texts cost before they are sent never takes long.
_PART_CHARACTERS = 100_000
_PART_TEXTS = 256


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of a request."""

    matrix: Matrix
    """One row of length one per text, in their order."""
    tokens: int
    """Of all texts, as the model counts, with what it cuts off."""


class Embeddings:
    """The embedding model, some requests at a time."""

    def __init__(
        self,
        embedder: Embedder,
        open_counter: Callable[[], TokenCounter],
        *,
        at_once: int = _AT_ONCE,
        queue_seconds: float = QUEUE_SECONDS,
    ) -> None:
        self.model = name_model(embedder.fingerprint)
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._open_counter = open_counter
        self._counter: TokenCounter | None = None
        self._free = asyncio.Semaphore(at_once)
        self._queue_seconds = queue_seconds

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed any number of texts.

        Raises:
            EmbeddingUnavailableError: the model does not answer, or too many requests wait for it.
            EmbeddingRejectedError: it refuses.
        """
        matrix: Matrix = np.empty((len(texts), self.dimension), np.float32)
        sizes = [len(text) for text in texts]
        tokens = 0
        async with self._turn():
            for rows in cut_batches(sizes, max_size=_PART_CHARACTERS, max_count=_PART_TEXTS):
                matrix[rows] = await self._embedder.embed(texts[rows])
                tokens += await asyncio.to_thread(self._count, texts[rows])
        return Embedded(matrix, tokens)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            detail = "other requests for embeddings are not done: ask again in some seconds"
            raise EmbeddingUnavailableError(detail) from error
        try:
            yield
        finally:
            self._free.release()

    def _count(self, texts: Sequence[str]) -> int:
        # Opened when it is first needed: most servers are never asked for embeddings.
        if self._counter is None:
            self._counter = self._open_counter()
        return sum(map(self._counter.count, texts))


def name_model(fingerprint: str) -> str:
    """The model's name in a fingerprint: `kind/NAME/dimension`, or what is local's between them."""
    kind, _, rest = fingerprint.partition("/")
    name = rest.rpartition("/")[0]
    return name.partition("@")[0] if kind == "local" else name


def offer_embeddings(embedder: Embedder, settings: Settings) -> Embeddings:
    """Offer a model to callers; what counts its tokens is opened when it is first asked."""
    counter = partial(open_counter, embedder.tokenizer, cache_dir=settings.tiktoken_cache_dir)
    return Embeddings(embedder, counter)
