"""Embeddings from any server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import httpx2
import numpy as np
from openai import APIError, APIStatusError, AsyncOpenAI, BadRequestError, UnprocessableEntityError

from rag_core.embedding.batches import Matrix, cut_batches, fill_matrix, unit_vectors
from rag_core.errors import ConfigurationError, EmbeddingRejectedError, EmbeddingUnavailableError
from rag_core.estimate import estimate_tokens
from rag_core.settings import Settings
from rag_core.tokens import model_tokenizer
from rag_core.unicode import make_well_formed

_OPENAI_URL = "https://api.openai.com/v1"
# Small servers refuse more than 32 texts; OpenAI itself takes 2,048 texts and 300,000 tokens.
_BATCH_TEXTS = 32
_BATCH_TOKENS = 100_000
_BATCHES_AT_ONCE = 8
_OPENAI_TOKENS = 8_191
"""All of its embedding models read so many."""
# The SDK waits 0.5, 1, 2, 4 s between them, or as long as Retry-After says, up to two minutes.
_RETRIES = 4
_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_LONGEST_DETAIL = 300
_RETRIED_STATUSES = (408, 409, 429)
_SECRET_STATUSES = (401, 403)

Encoding = Literal["base64", "float"]


class OpenAIEmbedder:
    """A model behind a client; `open_embedder` learns its dimension first."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self.dimension = 0
        self.tokenizer = model_tokenizer(model)
        self.max_tokens = None if self.tokenizer == "estimate" else _OPENAI_TOKENS
        self._client = client
        self._model = model
        self._encoding: Encoding = "base64"
        self._busy = asyncio.Semaphore(_BATCHES_AT_ONCE)

    @property
    def fingerprint(self) -> str:
        """Without the server's address: the same model may move."""
        return f"openai/{self._model}/{self.dimension}"

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder`; a text without anything in it is sent as a blank, as OpenAI asks."""
        matrix: Matrix = np.empty((len(texts), self.dimension), dtype=np.float32)
        sizes = [estimate_tokens(text) for text in texts]
        batches = cut_batches(sizes, max_size=_BATCH_TOKENS, max_count=_BATCH_TEXTS)

        async def embed_batch(rows: slice) -> Matrix:
            async with self._busy:
                return await self._request(texts[rows])

        await fill_matrix(matrix, batches, embed_batch, at_once=_BATCHES_AT_ONCE)
        return matrix

    async def learn_dimension(self) -> None:
        """Embed one word; a server that refuses base64 is asked for plain numbers from then on."""
        try:
            probe = await self._request(["dimension"])
        except EmbeddingRejectedError as error:
            if not isinstance(error.__cause__, BadRequestError | UnprocessableEntityError):
                raise
            self._encoding = "float"
            probe = await self._request(["dimension"])
        self.dimension = probe.shape[1]

    async def _request(self, texts: Sequence[str]) -> Matrix:
        lines = [make_well_formed(text) or " " for text in texts]
        try:
            answer = await self._client.embeddings.create(
                input=lines, model=self._model, encoding_format=self._encoding
            )
            ordered = sorted(answer.data, key=lambda embedding: embedding.index)
            vectors = [_numbers(embedding.embedding) for embedding in ordered]
        except APIError as error:
            raise self._translated(error) from error
        except (AttributeError, TypeError, ValueError) as error:
            raise EmbeddingUnavailableError(
                f"{self._place()} answered with something that is no list of embeddings"
            ) from error
        dimension = self.dimension or None
        return unit_vectors(vectors, count=len(texts), dimension=dimension, model=self._model)

    def _translated(self, error: APIError) -> EmbeddingRejectedError | EmbeddingUnavailableError:
        if not isinstance(error, APIStatusError):
            return EmbeddingUnavailableError(f"{self._place()} does not answer: {error.message}")
        status = error.status_code
        # Where the key is at fault, servers like to quote it.
        text = "check OPENAI_API_KEY" if status in _SECRET_STATUSES else self._detail(error)
        if status in _RETRIED_STATUSES or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return EmbeddingUnavailableError(f"{self._place()} answers {status}: {text}")
        return EmbeddingRejectedError(f"{self._place()} refuses with {status}: {text}")

    def _detail(self, error: APIStatusError) -> str:
        return error.message.replace(self._client.api_key, "…")[:_LONGEST_DETAIL]

    def _place(self) -> str:
        address = urlsplit(str(self._client.base_url))
        place = f"{address.scheme}://{address.netloc}{address.path}"
        return f"embedding model {self._model!r} at {place}"


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[OpenAIEmbedder]:
    """Connect to OPENAI_BASE_URL and ask the model for its dimension.

    Raises:
        ConfigurationError: no model is named, or neither a key nor a base URL is set.
        EmbeddingUnavailableError: the server does not answer.
        EmbeddingRejectedError: the server refuses: a wrong key or model.
    """
    model = settings.embedding_model.removeprefix("openai:")
    key = settings.openai_api_key
    if not model or (key is None and settings.openai_base_url is None):
        raise ConfigurationError(
            f"EMBEDDING_MODEL={settings.embedding_model!r} needs a model's name, and "
            "OPENAI_API_KEY or OPENAI_BASE_URL"
        )
    client = AsyncOpenAI(
        # Servers of one's own often ask for no key; the SDK insists on one.
        api_key=key.get_secret_value() if key is not None else "none",
        base_url=settings.openai_base_url or _OPENAI_URL,
        max_retries=_RETRIES,
        timeout=_TIMEOUT,
    )
    async with client:
        embedder = OpenAIEmbedder(client, model)
        await embedder.learn_dimension()
        yield embedder


def _numbers(embedding: object) -> Sequence[float]:
    """Decode a vector; some servers send plain numbers whatever they were asked for."""
    if isinstance(embedding, str):
        numbers: list[float] = np.frombuffer(base64.b64decode(embedding), dtype="<f4").tolist()
        return numbers
    if isinstance(embedding, list):
        return embedding
    raise TypeError(f"an embedding is no list but {type(embedding).__name__}")
