from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from openai import AsyncOpenAI
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from rag_core.embedding.openai import OpenAIEmbedder, open_embedder
from rag_core.errors import ConfigurationError, EmbeddingRejectedError, EmbeddingUnavailableError
from rag_core.settings import Settings
from tests.embeddings import EmbeddingServer, failure, listing
from tests.fakes import WordEmbedder
from tests.servers import serving

_KEY = "sk-very-secret"


@asynccontextmanager
async def opened(server: EmbeddingServer, *, model: str = "words") -> AsyncIterator[OpenAIEmbedder]:
    async with serving(server) as port:
        settings = Settings(
            _env_file=None,
            EMBEDDING_MODEL=f"openai:{model}",
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
            OPENAI_API_KEY=_KEY,
        )
        async with open_embedder(settings) as embedder:
            yield embedder


def answering(*script: Response) -> EmbeddingServer:
    return EmbeddingServer(iter(script))


async def test_vectors_come_back_in_the_order_of_their_texts() -> None:
    async with opened(EmbeddingServer()) as embedder:
        matrix = await embedder.embed(["red cat", "blue dog", "green bird"])

    expected = await WordEmbedder().embed(["red cat", "blue dog", "green bird"])
    assert np.allclose(matrix, expected, atol=1e-6)


async def test_many_texts_go_in_batches_of_32() -> None:
    server = EmbeddingServer()

    async with opened(server) as embedder:
        await embedder.embed(["text"] * 70)

    assert sorted(len(body["input"]) for body in server.requests) == [1, 6, 32, 32]


async def test_long_texts_go_in_smaller_batches() -> None:
    server = EmbeddingServer()

    async with opened(server) as embedder:
        await embedder.embed(["x" * 300_000] * 3)

    assert [len(body["input"]) for body in server.requests] == [1, 1, 1, 1]


async def test_an_empty_text_is_sent_as_a_blank() -> None:
    server = EmbeddingServer()

    async with opened(server) as embedder:
        await embedder.embed(["", "\ud800"])

    assert server.requests[-1]["input"] == [" ", "?"]


async def test_the_key_and_the_model_are_sent() -> None:
    server = EmbeddingServer()

    async with opened(server):
        pass

    assert (server.keys, server.requests[0]["model"]) == ([f"Bearer {_KEY}"], "words")


async def test_a_server_that_refuses_base64_is_asked_for_numbers() -> None:
    server = answering(failure(400, "encoding_format base64 is not supported"))

    async with opened(server) as embedder:
        await embedder.embed(["a"])

    assert [body["encoding_format"] for body in server.requests] == ["base64", "float", "float"]


async def test_numbers_are_read_although_base64_was_asked_for() -> None:
    async with opened(answering(listing([[3.0, 4.0]]), listing([[0.0, 2.0]]))) as embedder:
        matrix = await embedder.embed(["a"])

    assert matrix.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_passing_failure_is_tried_again(status: int) -> None:
    server = answering(failure(status), failure(status))

    async with opened(server) as embedder:
        assert embedder.dimension == 64

    assert len(server.requests) == 3


async def test_retry_after_is_waited_for() -> None:
    begun = asyncio.get_running_loop().time()

    async with opened(answering(failure(429, headers={"retry-after-ms": "1200"}))):
        waited = asyncio.get_running_loop().time() - begun

    # Without the header the first wait is half a second.
    assert waited >= 1.2


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_lasting_failure_is_unavailability(status: int) -> None:
    server = answering(*[failure(status, "try later") for _ in range(9)])

    with pytest.raises(EmbeddingUnavailableError, match=f"answers {status}"):
        async with opened(server):
            pass

    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_names_model_and_address_but_no_key(status: int) -> None:
    server = answering(failure(status, f"wrong key {_KEY} for this model"))

    with pytest.raises(EmbeddingRejectedError, match=f"refuses with {status}") as caught:
        async with opened(server, model="no-such-model"):
            pass

    text = str(caught.value)
    assert "'no-such-model' at http://127.0.0.1:" in text
    assert _KEY not in text
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("<html>hello</html>", media_type="text/html"),
        PlainTextResponse("{", media_type="application/json"),
        PlainTextResponse("{}", media_type="application/json"),
        PlainTextResponse('{"data": [{"index": 0}]}', media_type="application/json"),
        PlainTextResponse(
            '{"data": [{"index": 0, "embedding": "?"}]}', media_type="application/json"
        ),
        listing([]),
        listing([[0.0, 0.0]]),
    ],
)
async def test_garbage_is_unavailability(answer: Response) -> None:
    with pytest.raises(EmbeddingUnavailableError, match="answered with"):
        async with opened(answering(answer)):
            pass


async def test_a_dimension_that_changes_is_refused() -> None:
    async with opened(answering(listing([[3.0, 4.0]]))) as embedder:
        with pytest.raises(EmbeddingRejectedError, match="64 numbers; it had 2"):
            await embedder.embed(["a"])


async def test_silence_and_a_closed_port_are_unavailability() -> None:
    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(0.3)

    async with serving(silent) as port:
        url = f"http://127.0.0.1:{port}/v1"
        client = AsyncOpenAI(api_key=_KEY, base_url=url, timeout=0.05, max_retries=0)
        with pytest.raises(EmbeddingUnavailableError, match="does not answer: Request timed out"):
            await OpenAIEmbedder(client, "m").learn_dimension()
    with pytest.raises(EmbeddingUnavailableError, match="does not answer: Connection error"):
        await OpenAIEmbedder(client, "m").learn_dimension()
    await client.close()


async def test_few_requests_run_at_once_and_all_get_through() -> None:
    running: list[int] = [0, 0]

    class Slow(EmbeddingServer):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            running[0] += 1
            running[1] = max(running)
            await asyncio.sleep(0.02)
            await super().__call__(scope, receive, send)
            running[0] -= 1

    async with opened(Slow()) as embedder:
        await asyncio.gather(*(embedder.embed(["a"] * 320) for _ in range(2)))

    assert running == [0, 8]


@pytest.mark.parametrize(
    "values",
    [{"EMBEDDING_MODEL": "openai:m"}, {"EMBEDDING_MODEL": "openai:", "OPENAI_API_KEY": _KEY}],
)
async def test_a_model_and_a_key_or_an_address_are_needed(values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="needs a model's name, and OPENAI_API_KEY or"):
        async with open_embedder(Settings(_env_file=None, **values)):
            pass


@pytest.mark.parametrize(
    ("model", "tokenizer"),
    [("text-embedding-3-small", "tiktoken:cl100k_base"), ("nomic-embed-text", "estimate")],
)
async def test_openais_models_are_counted_exactly(model: str, tokenizer: str) -> None:
    async with opened(EmbeddingServer(), model=model) as embedder:
        assert embedder.tokenizer == tokenizer
        assert embedder.fingerprint == f"openai/{model}/64"
