"""Texts into unit vectors, by the model that EMBEDDING_MODEL names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from rag_core.embedding.batches import Matrix
from rag_core.imports import import_needed
from rag_core.settings import Settings

# Each stands on a library that takes 0.2 to 1.5 s to import: only the one in use is loaded.
_ROOMS = {"openai": "rag_core.embedding.openai", "langchain": "rag_core.embedding.langchain"}
_LOCAL_ROOM = "rag_core.embedding.local"


class Embedder(Protocol):
    """A model that turns texts into vectors."""

    @property
    def fingerprint(self) -> str:
        """Names the model, its weights' hash where known, precision and dimension, readably."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def tokenizer(self) -> str:
        """What `rag_core.tokens.open_counter` takes to count as the model does."""

    @property
    def max_tokens(self) -> int | None:
        """Of a text: of a longer one the rest is not read, or it is refused; None: not known."""

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """One float32 vector of length one per text, in the same order; any number of texts.

        Raises:
            EmbeddingUnavailableError: the model's server does not answer.
            EmbeddingRejectedError: it refuses.
        """


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[Embedder]:
    """Open the model that EMBEDDING_MODEL names and close it in the end.

    Raises:
        ConfigurationError: there is no such model, or a file or package of it is missing.
        EmbeddingUnavailableError: its server does not answer.
        EmbeddingRejectedError: its server refuses.
    """
    kind = settings.embedding_model.partition(":")[0]
    needed_for = f"EMBEDDING_MODEL={settings.embedding_model}"
    room = import_needed(_ROOMS.get(kind, _LOCAL_ROOM), needed_for=needed_for)
    opener: Callable[[Settings], AbstractAsyncContextManager[Embedder]] = room.open_embedder
    async with opener(settings) as embedder:
        yield embedder
