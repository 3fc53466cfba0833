"""Queries that come at the same time, embedded in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rag_core.embedding import Embedder
from rag_core.embedding.batches import Matrix

_CALLS_AT_ONCE = 2
"""While one is under way the next gathers what comes."""
_MOST_TEXTS = 64
"""In a call."""


@dataclass(slots=True)
class Together:
    """An embedder of queries over another: equal texts that wait together are embedded once.

    A query belongs to nobody: who stops waiting for it does not stop it for the others.
    """

    embedder: Embedder
    _waiting: dict[str, asyncio.Future[Matrix]] = field(default_factory=dict)
    _calls: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def fingerprint(self) -> str:
        """As of the embedder below."""
        return self.embedder.fingerprint

    @property
    def dimension(self) -> int:
        """As of the embedder below."""
        return self.embedder.dimension

    @property
    def tokenizer(self) -> str:
        """As of the embedder below."""
        return self.embedder.tokenizer

    @property
    def max_tokens(self) -> int | None:
        """As of the embedder below."""
        return self.embedder.max_tokens

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder`; a failure is raised for all who wait for that call."""
        futures = [self._wait(text) for text in texts]
        rows = await asyncio.gather(*(asyncio.shield(future) for future in futures))
        return np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)

    def _wait(self, text: str) -> asyncio.Future[Matrix]:
        future = self._waiting.get(text)
        if future is None:
            future = self._waiting[text] = asyncio.get_running_loop().create_future()
            self._begin()
        return future

    def _begin(self) -> None:
        if len(self._calls) < _CALLS_AT_ONCE:
            call = asyncio.create_task(self._call())
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self) -> None:
        """Embed what waits, until nothing does."""
        while texts := list(self._waiting)[:_MOST_TEXTS]:
            futures = [self._waiting.pop(text) for text in texts]
            try:
                matrix = await self.embedder.embed(texts)
            except Exception as error:  # noqa: BLE001 - belongs to those who wait
                for future in futures:
                    future.set_exception(error)
                    future.exception()  # seen: perhaps nobody waits any more
            else:
                for future, row in zip(futures, matrix, strict=True):
                    future.set_result(row)
