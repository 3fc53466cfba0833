"""LangChain's own clients of OpenAI, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from rag_api.parts import Parts
from rag_core.errors import ChatUnavailableError
from tests.api import ScriptedChat, make_app, make_parts
from tests.servers import serving

QUESTION = "What does it cost?"
ANSWER = "It costs 12 euros [1]."


@asynccontextmanager
async def chat_model(parts: Parts, **options: bool) -> AsyncIterator[ChatOpenAI]:
    async with serving(make_app(parts), lifespan="on") as port:
        model = ChatOpenAI(
            model="rag",
            base_url=f"http://127.0.0.1:{port}/v1",
            api_key=SecretStr("anything"),
            use_responses_api=True,
            max_retries=0,
            **options,
        )
        yield model
        await model.root_async_client.close()
        model.root_client.close()


async def test_langchain_reads_a_whole_response() -> None:
    async with chat_model(make_parts()) as model:
        message = await model.ainvoke(QUESTION)

    (block,) = message.content_blocks
    assert message.text == ANSWER
    assert block["type"] == "text"
    assert [annotation["title"] for annotation in block["annotations"]] == ["Prices & more, page 2"]  # type: ignore[typeddict-item]


async def test_langchain_reads_a_stream_and_its_citations() -> None:
    async with chat_model(make_parts()) as model:
        chunks = [chunk async for chunk in model.astream(QUESTION)]

    whole = sum(chunks[1:], start=chunks[0])  # type: ignore[arg-type]
    assert len(chunks) > 3
    assert whole.text == ANSWER
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == 25
    assert len(whole.content_blocks[0]["annotations"]) == 1  # type: ignore[typeddict-item]


async def test_langchain_goes_on_from_the_response_before() -> None:
    chat = ScriptedChat()

    async with chat_model(make_parts(chat=chat), use_previous_response_id=True) as model:
        first = await model.ainvoke(QUESTION)
        await model.ainvoke([("human", QUESTION), first, ("human", "And then?")])

    assert [message.role for message in chat.prompts[-1]][-3:] == ["user", "assistant", "user"]


async def test_langchain_raises_when_the_model_breaks_off() -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    async with chat_model(make_parts(chat=chat)) as model:
        stream = model.astream(QUESTION)
        with pytest.raises(ValueError, match="the model was cut off"):
            [chunk async for chunk in stream]


async def test_langchain_embeds_texts() -> None:
    with httpx2.Client() as http:
        async with (
            serving(make_app(make_parts()), lifespan="on") as port,
            httpx2.AsyncClient() as http_async,
        ):
            embeddings = OpenAIEmbeddings(
                model="rag",
                base_url=f"http://127.0.0.1:{port}/v1",
                api_key=SecretStr("anything"),
                check_embedding_ctx_length=False,
                http_client=http,
                http_async_client=http_async,
            )
            first, second = await embeddings.aembed_documents(["a price", "another"])
            query = await embeddings.aembed_query("a price")

    assert query == first != second
    assert len(query) == 64
