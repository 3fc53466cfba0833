"""Any LangChain `Embeddings` as an embedder, named by where it is imported from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module

import numpy as np
from langchain_core.embeddings import Embeddings

from rag_core.embedding.batches import Matrix, cut_batches, fill_matrix, unit_vectors
from rag_core.errors import (
    ConfigurationError,
    EmbeddingUnavailableError,
    MissingPackageError,
    RagError,
)
from rag_core.settings import Settings

_BATCH_TEXTS = 32
_BATCHES_AT_ONCE = 4
_LONGEST_DETAIL = 300


class LangChainEmbedder:
    """An `Embeddings`; `open_embedder` learns its dimension first.

    One that brings no asynchronous method of its own is called by one thread at a time: the
    tokenizers of local models fail when two threads use them.
    """

    tokenizer = "estimate"
    max_tokens: int | None = None

    def __init__(self, embeddings: Embeddings, name: str) -> None:
        self.dimension = 0
        self._embeddings = embeddings
        self._name = name
        asynchronous = type(embeddings).aembed_documents is not Embeddings.aembed_documents
        self._at_once = _BATCHES_AT_ONCE if asynchronous else 1
        self._busy = asyncio.Semaphore(self._at_once)

    @property
    def fingerprint(self) -> str:
        """With the model's name where the object tells it."""
        told = (getattr(self._embeddings, name, None) for name in ("model", "model_name"))
        model = next((f"({name})" for name in told if isinstance(name, str)), "")
        return f"langchain/{self._name}{model}/{self.dimension}"

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder`."""
        matrix: Matrix = np.empty((len(texts), self.dimension), dtype=np.float32)
        batches = cut_batches([1] * len(texts), max_size=_BATCH_TEXTS, max_count=_BATCH_TEXTS)

        async def embed_batch(rows: slice) -> Matrix:
            async with self._busy:
                return await self._request(texts[rows])

        await fill_matrix(matrix, batches, embed_batch, at_once=self._at_once)
        return matrix

    async def learn_dimension(self) -> None:
        """Embed one word."""
        self.dimension = (await self._request(["dimension"])).shape[1]

    async def _request(self, texts: Sequence[str]) -> Matrix:
        try:
            vectors = await self._embeddings.aembed_documents(list(texts))
        except Exception as error:  # what it raises is up to whoever wrote the class
            raise EmbeddingUnavailableError(f"{self._name} failed: {_described(error)}") from error
        dimension = self.dimension or None
        return unit_vectors(vectors, count=len(texts), dimension=dimension, model=self._name)


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[LangChainEmbedder]:
    """Make the object that `langchain:package.module.Class` or `…:package.module:factory` names.

    Raises:
        ConfigurationError: there is no such thing, it cannot be made, or it is no `Embeddings`.
        MissingPackageError: the package is not installed.
        EmbeddingUnavailableError: it fails on its first text.
    """
    name = settings.embedding_model.removeprefix("langchain:")
    embeddings = await asyncio.to_thread(_make, name)
    embedder = LangChainEmbedder(embeddings, name)
    await embedder.learn_dimension()
    yield embedder


def _make(name: str) -> Embeddings:
    separator = ":" if ":" in name else "."
    module_name, _, attribute = name.rpartition(separator)
    setting = f"EMBEDDING_MODEL='langchain:{name}'"
    try:
        maker: object = getattr(import_module(module_name), attribute)
        made: object = maker() if callable(maker) else maker
    except ModuleNotFoundError as error:
        raise _missing(error, module_name, setting) from error
    except Exception as error:  # importing and making run code that is not ours
        raise ConfigurationError(f"{setting} cannot be made: {_described(error)}") from error
    if not isinstance(made, Embeddings):
        raise ConfigurationError(f"{setting} gives a {type(made).__name__}, not an Embeddings")
    return made


def _missing(error: ModuleNotFoundError, module_name: str, setting: str) -> RagError:
    """A package to install, or a module that the installed package does not have."""
    missing = str(error.name)
    if "." in missing:
        return ConfigurationError(f"{setting}: there is no module {missing!r} (of {module_name!r})")
    return MissingPackageError(missing.replace("_", "-"), needed_for=setting)


def _described(error: Exception) -> str:
    """The kind and the first line: further lines of a validation error quote what was given."""
    first_line = str(error).partition("\n")[0][:_LONGEST_DETAIL]
    return f"{type(error).__name__}: {first_line}"
