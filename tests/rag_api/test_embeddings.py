from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError

from rag_api.embeddings import Embeddings, name_model
from rag_api.parts import Parts
from rag_core.embedding import Embedder
from rag_core.embedding.batches import Matrix
from rag_core.errors import EmbeddingRejectedError, EmbeddingUnavailableError
from rag_core.tokens import TokenCounter
from tests.api import calling, make_app, make_parts
from tests.fakes import WordEmbedder
from tests.servers import serving
from tests.upstream import WordCounter

TEXTS = ["the price is 12 euros", "the moon"]


class FailingEmbedder(WordEmbedder):
    """Fails, or waits for ever; knows when it was left."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> Matrix:
        if self.failure is not None:
            raise self.failure
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        return await super().embed(texts)


def open_words() -> TokenCounter:
    return WordCounter()


def parts_with(embedder: Embedder) -> Parts:
    return replace(make_parts(), embeddings=Embeddings(embedder, open_words))


async def post(body: object, embedder: Embedder | None = None) -> Any:
    async with calling(parts_with(WordEmbedder() if embedder is None else embedder)) as client:
        return await client.post("/v1/embeddings", json=body)


@asynccontextmanager
async def openai(parts: Parts) -> AsyncIterator[AsyncOpenAI]:
    async with (
        serving(make_app(parts), lifespan="on") as port,
        AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x", max_retries=0) as client,
    ):
        yield client


async def test_openais_client_gets_the_indexs_own_vectors_in_both_encodings() -> None:
    vectors = await WordEmbedder().embed(TEXTS)

    async with openai(make_parts()) as client:
        # Left out, the client asks for base64 and decodes it.
        answers = [
            await client.embeddings.create(model="rag", input=TEXTS),
            await client.embeddings.create(model="words", input=TEXTS, encoding_format="float"),
        ]

    for answer in answers:
        rows = np.array([one.embedding for one in answer.data], np.float32)
        np.testing.assert_array_equal(rows, vectors)
        assert (answer.model, answer.object) == ("words", "list")


async def test_openais_client_reads_base64_when_it_asks_for_it() -> None:
    async with openai(make_parts()) as client:
        answer = await client.embeddings.create(
            model="rag", input="the moon", encoding_format="base64", dimensions=64
        )

    assert isinstance(answer.data[0].embedding, str)


async def test_openais_client_raises_the_error_of_its_kind() -> None:
    async with openai(make_parts()) as client:
        with pytest.raises(BadRequestError, match="tokens are not taken"):
            await client.embeddings.create(model="rag", input=[[1, 2], [3]])
        with pytest.raises(NotFoundError, match="'words'"):
            await client.embeddings.create(model="text-embedding-3-small", input="x")


async def test_the_tokens_of_all_texts_are_counted() -> None:
    response = await post({"model": "rag", "input": TEXTS})

    assert response.json()["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


@pytest.mark.parametrize(
    ("more", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": ""}, 400, "input.0"),
        ({"input": ["a", ""]}, 400, "input.1"),
        ({"input": [1, 2]}, 400, "input"),
        ({"input": [[1, 2]]}, 400, "input"),
        ({"input": ["a", 2]}, 400, "input.1"),
        ({"input": ["a"] * 2049}, 400, "input"),
        ({"input": "a" * 100_001}, 400, "input.0"),
        ({"input": "a", "dimensions": 63}, 400, None),
        ({"input": "a", "encoding_format": "hex"}, 400, "encoding_format"),
        ({"input": "a", "model": "none"}, 404, None),
    ],
)
async def test_what_cannot_be_embedded_is_refused_in_openais_shape(
    more: dict[str, object], status: int, param: str | None
) -> None:
    response = await post({"model": "rag", **more})

    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param


@pytest.mark.parametrize(
    ("failure", "status"),
    [(EmbeddingUnavailableError("down"), 503), (EmbeddingRejectedError("no"), 502)],
)
async def test_a_failure_of_the_model_is_a_status(failure: Exception, status: int) -> None:
    response = await post({"model": "rag", "input": "a"}, FailingEmbedder(failure))

    assert response.status_code == status
    assert response.headers["x-should-retry"] == ("true" if status == 503 else "false")


async def test_half_a_surrogate_pair_is_refused() -> None:
    async with calling(make_parts()) as client:
        response = await client.post(
            "/v1/embeddings",
            content=b'{"model": "rag", "input": "a \\ud83d"}',
            headers={"content-type": "application/json"},
        )

    assert response.status_code == 400
    assert "unicode" in response.json()["error"]["message"]


async def test_without_the_key_nothing_is_embedded() -> None:
    async with calling(make_parts(api_key="secret")) as client:
        response = await client.post("/v1/embeddings", json={"model": "rag", "input": "a"})

    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_the_work_stops_when_the_client_leaves() -> None:
    embedder = FailingEmbedder()

    async with openai(parts_with(embedder)) as client:
        asking = asyncio.create_task(client.embeddings.create(model="rag", input="a"))
        await embedder.asked.wait()
        asking.cancel()
        async with asyncio.timeout(5):
            await embedder.left.wait()


async def test_a_request_waits_for_its_turn_and_is_refused_when_it_takes_long() -> None:
    embedder = FailingEmbedder()
    embeddings = Embeddings(embedder, open_words, at_once=1, queue_seconds=0.05)
    working = asyncio.create_task(embeddings.embed(["a"]))
    await embedder.asked.wait()

    with pytest.raises(EmbeddingUnavailableError, match="ask again"):
        await embeddings.embed(["b"])

    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_many_and_long_texts_keep_their_order() -> None:
    texts = [f"word{number} " * (number % 7 * 1000) for number in range(600)]
    embeddings = Embeddings(WordEmbedder(), open_words)

    embedded = await embeddings.embed(texts)

    np.testing.assert_array_equal(embedded.matrix, await WordEmbedder().embed(texts))
    assert embedded.tokens == sum(len(text.split()) for text in texts)


@pytest.mark.parametrize(
    ("fingerprint", "name"),
    [
        ("local/all-MiniLM-L6-v2@53aa5117/int8/384", "all-MiniLM-L6-v2"),
        ("openai/text-embedding-3-small/1536", "text-embedding-3-small"),
        ("openai/@cf/baai/bge-m3/1024", "@cf/baai/bge-m3"),
        ("langchain/module.Class(name)/8", "module.Class(name)"),
    ],
)
def test_a_model_has_the_name_in_its_fingerprint(fingerprint: str, name: str) -> None:
    assert name_model(fingerprint) == name
