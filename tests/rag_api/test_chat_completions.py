from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from openai import (
    APIError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
)

from rag_core.errors import ChatUnavailableError, VectorsUnavailableError
from tests.api import MemoryLibrary, ScriptedChat, calling, make_app, make_parts
from tests.servers import serving

QUESTION = {"role": "user", "content": "What does it cost?"}
ASKED: dict[str, Any] = {"model": "rag", "messages": [QUESTION]}
ANSWER = "It costs 12 euros [1]."


def openai(port: int, key: str = "anything") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0)


async def read_all(client: AsyncOpenAI, *, streams: bool) -> None:
    answer = await client.chat.completions.create(**ASKED, stream=streams)
    async for _ in answer:
        pass


async def test_openais_client_reads_the_stream_and_its_citations() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port, openai(port) as client:
        stream = await client.chat.completions.create(
            **ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    (annotation,) = chunks[-2].choices[0].delta.annotations  # type: ignore[attr-defined]
    assert text == ANSWER
    assert text[annotation["url_citation"]["start_index"] :].startswith("[1]")
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 25


async def test_openais_stream_helper_puts_the_answer_together() -> None:
    async with (
        serving(make_app(make_parts()), lifespan="on") as port,
        openai(port) as client,
        client.chat.completions.stream(**ASKED) as stream,
    ):
        completion = await stream.get_final_completion()

    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].message.content == ANSWER


async def test_openais_client_reads_a_whole_answer() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port, openai(port) as client:
        completion = await client.chat.completions.create(**ASKED)
        models = await client.models.list()

    message = completion.choices[0].message
    assert message.content == ANSWER
    assert message.annotations is not None
    assert message.annotations[0].url_citation.title == "Prices & more, page 2"
    assert [model.id for model in models.data] == ["rag", "rag-inline", "rag-openwebui"]


async def test_openais_client_raises_the_error_of_its_kind() -> None:
    parts = make_parts(api_key="secret")

    async with serving(make_app(parts), lifespan="on") as port:
        async with openai(port) as client:
            with pytest.raises(AuthenticationError, match="wrong") as refused:
                await client.chat.completions.create(**ASKED)
        async with openai(port, "secret") as client:
            with pytest.raises(NotFoundError, match="'rag'") as unknown:
                await client.chat.completions.create(**{**ASKED, "model": "gpt-9"})
            with pytest.raises(BadRequestError, match="question"):
                await client.chat.completions.create(model="rag", messages=[])
    assert (refused.value.code, unknown.value.code) == ("invalid_api_key", "model_not_found")


async def test_openais_client_raises_when_a_part_does_not_answer() -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    async with (
        serving(make_app(make_parts(library=library)), lifespan="on") as port,
        openai(port) as client,
    ):
        with pytest.raises(InternalServerError, match="Chroma") as raised:
            await client.chat.completions.create(**ASKED)

    assert raised.value.status_code == 503
    assert raised.value.response.headers["x-should-retry"] == "true"
    assert raised.value.response.headers["retry-after"] == "2"


async def test_openais_client_raises_when_the_model_breaks_off() -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    async with (
        serving(make_app(make_parts(chat=chat)), lifespan="on") as port,
        openai(port) as client,
    ):
        stream = await client.chat.completions.create(**ASKED, stream=True)
        with pytest.raises(APIError, match="cut off") as raised:
            [chunk async for chunk in stream]

    assert raised.value.code == "ChatUnavailableError"


@pytest.mark.parametrize("streams", [True, False])
async def test_the_model_is_left_when_the_client_leaves(streams: bool) -> None:  # noqa: FBT001
    chat = ScriptedChat(hangs=True)

    async with (
        serving(make_app(make_parts(chat=chat)), lifespan="on") as port,
        openai(port) as client,
    ):
        hurried = client.with_options(timeout=0.5)
        with pytest.raises(APIError):
            await read_all(hurried, streams=streams)
        async with asyncio.timeout(5):
            await chat.closed.wait()


@pytest.mark.parametrize(
    ("messages", "query"),
    [
        ([{"role": "user", "content": [{"type": "text", "text": "Cost?"}]}], "Cost?"),
        ([{"role": "user", "content": ["Cost", {"type": "image_url"}, {"text": "?"}]}], "Cost\n?"),
        (
            [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Cost?"}],
            "Cost?",
        ),
        (
            [
                {"role": "user", "content": "Premium plan?", "metadata": {}},
                {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "tool", "content": "12", "tool_call_id": "x"},
                {"role": "user", "content": "Cost?"},
            ],
            "Premium plan: Cost?",
        ),
        ([{"role": "user", "content": "Cost?"}, {"role": "assistant", "content": "It"}], "Cost?"),
        ([{"role": "user", "content": "Cost\ud83d?"}], "Cost??"),
    ],
)
async def test_messages_of_every_form_are_read(messages: list[object], query: str) -> None:
    library = MemoryLibrary()
    body = json.dumps({"model": "rag", "messages": messages})

    async with calling(make_parts(library=library)) as client:
        response = await client.post(
            "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
        )

    assert response.status_code == 200
    assert library.queries == [query]


async def test_what_frontends_send_besides_is_ignored() -> None:
    besides = {
        "tools": [{"type": "function", "function": {"name": "x"}}],
        "tool_choice": "auto",
        "temperature": 0.2,
        "top_k": 40,
        "n": 3,
        "user": "me",
        "options": {"num_ctx": 2048},
        "max_tokens": -1,
        "stop": None,
        "metadata": {"chat_id": "1"},
        "stream_options": None,
    }

    async with calling(make_parts()) as client:
        response = await client.post("/v1/chat/completions", json={**ASKED, **besides})

    assert response.status_code == 200


async def test_the_callers_limit_of_tokens_reaches_the_model() -> None:
    chat = ScriptedChat()

    async with calling(make_parts(chat=chat)) as client:
        limits = {"max_completion_tokens": -1, "max_tokens": 77}
        await client.post("/v1/chat/completions", json={**ASKED, **limits})

    assert chat.max_tokens == 77


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"messages": []}, 400, "model"),
        ({"model": "rag"}, 400, "messages"),
        ({"model": "rag", "messages": [{"role": "system", "content": "x"}]}, 400, None),
        ({"model": "rag", "messages": [{"role": "user", "content": None}]}, 400, None),
        ({"model": "rag", "messages": [QUESTION], "collection": "x"}, 404, None),
        ({"model": "none", "messages": [QUESTION]}, 404, None),
    ],
)
async def test_errors_have_openais_shape(
    body: dict[str, object], status: int, param: str | None
) -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/chat/completions", json=body)

    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert response.headers["x-should-retry"] == "false"


async def test_a_model_is_found_by_its_name() -> None:
    async with calling(make_parts()) as client:
        found = [await client.get(f"/v1/models/{name}") for name in ("rag", "rag-inline", "tiny")]
        unknown = await client.get("/v1/models/a/b")

    assert [response.json()["id"] for response in found] == ["rag", "rag-inline", "tiny"]
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


async def test_a_model_that_may_be_chosen_is_listed_and_answers() -> None:
    parts = make_parts()
    chosen = replace(parts.answerer, chat=ScriptedChat(model="large"))
    async with calling(replace(parts, others={"large": chosen})) as client:
        listed = (await client.get("/v1/models")).json()["data"]
        body = {"question": "What does it cost?", "model": "large", "stream": False}
        answered = (await client.post("/v1/answers", json=body)).json()
        usual = (await client.post("/v1/answers", json={**body, "model": "rag"})).json()

    owners = {one["id"]: one["owned_by"] for one in listed}
    assert (owners["rag"], owners["tiny"], owners["large"]) == ("rag", "chat-model", "chat-model")
    assert (answered["model"], usual["model"]) == ("large", "tiny")


async def test_no_name_is_hidden_by_lobechat() -> None:
    hidden = [
        "embedding",
        "davinci",
        "curie",
        "moderation",
        "ada",
        "babbage",
        "tts",
        "whisper",
        "dall-e",
    ]

    async with calling(make_parts()) as client:
        models = (await client.get("/v1/models")).json()["data"]

    assert not [model for model in models for word in hidden if word in model["id"]]
