"""What every embedder promises, asked of each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from rag_core.embedding import Embedder, open_embedder
from rag_core.errors import ConfigurationError
from rag_core.settings import Settings
from rag_core.tokens import open_counter
from tests.bert import write_tiny_model
from tests.embeddings import EmbeddingServer
from tests.fakes import WordEmbedder
from tests.servers import serving

TEXTS = ["red cat", "blue dog", "", "red cat", "\ud800 half a pair", "dog " * 2_000, "\x00"]


@asynccontextmanager
async def opened(kind: str, home: Path) -> AsyncIterator[Embedder]:
    if kind == "fake":
        yield WordEmbedder()
        return
    async with serving(EmbeddingServer()) as port:
        model = {
            "local": str(write_tiny_model(home / "tiny")),
            "openai": "openai:words",
            "langchain": "langchain:tests.embeddings.WordEmbeddings",
        }[kind]
        url = f"http://127.0.0.1:{port}/v1"
        values = {"RAG_HOME": home, "EMBEDDING_MODEL": model, "OPENAI_BASE_URL": url}
        async with open_embedder(Settings(_env_file=None, **values)) as embedder:
            yield embedder


@pytest.fixture(params=["fake", "local", "openai", "langchain"])
async def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedder]:
    async with opened(request.param, tmp_path) as one:
        yield one


async def test_each_text_has_a_vector_of_length_one(embedder: Embedder) -> None:
    matrix = await embedder.embed(TEXTS)

    assert (matrix.shape, matrix.dtype) == ((len(TEXTS), embedder.dimension), np.float32)
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)


async def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert (await embedder.embed([])).shape == (0, embedder.dimension)


async def test_the_order_and_the_company_of_a_text_do_not_matter(embedder: Embedder) -> None:
    many = await embedder.embed([f"{text} {n}" for n in range(50) for text in ("red", "dog")])

    alone = await embedder.embed(["red 49"])

    assert np.allclose(many[98], alone[0], atol=1e-5)


async def test_the_tokenizer_and_the_fingerprint_can_be_used(embedder: Embedder) -> None:
    assert open_counter(embedder.tokenizer).count("red cat") >= 2
    assert embedder.fingerprint.endswith(f"/{embedder.dimension}")


async def test_a_model_that_is_nowhere_is_a_configuration_error(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, RAG_HOME=tmp_path, EMBEDDING_MODEL="no-such-folder")

    with pytest.raises(ConfigurationError, match="EMBEDDING_MODEL='no-such-folder'"):
        async with open_embedder(settings):
            pass
