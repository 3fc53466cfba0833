"""Clients that others wrote, unmodified, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from langchain_openai import ChatOpenAI
from openai import APIError, APIStatusError, AsyncOpenAI, RateLimitError
from openai.types.chat import ChatCompletionChunk

from rag_api.events import Delta
from rag_api.wire.openai_chat import ChatEncoder
from rag_api.wire.response import EventStreamResponse
from rag_api.wire.source_list import strip_sources
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError
from tests.answers import DONE, RETRIEVED, begin, stream
from tests.api import MemoryLibrary, ScriptedChat, make_app, make_parts
from tests.servers import serving

ANSWER = "It costs 12 euros [1]."
LISTED = "- [1] [Prices & more, page 2](http://127.0.0.1:"
QUESTION = {"role": "user", "content": "What does it cost?"}
TASK = {
    "role": "user",
    "content": '### Task:\nName it: { "title": "…" }\n<chat_history>\nUSER: Cost?\n</chat_history>',
}
MODELS = ("rag", "rag-inline", "rag-openwebui", "tiny")


@asynccontextmanager
async def serving_answers(
    chat: ScriptedChat | None = None, library: MemoryLibrary | None = None
) -> AsyncIterator[str]:
    async with serving(make_app(make_parts(chat=chat, library=library)), lifespan="on") as port:
        yield f"http://127.0.0.1:{port}/v1"


@asynccontextmanager
async def openai(
    chat: ScriptedChat | None = None, library: MemoryLibrary | None = None, *, max_retries: int = 0
) -> AsyncIterator[AsyncOpenAI]:
    async with (
        serving_answers(chat, library) as url,
        AsyncOpenAI(base_url=url, api_key="any", max_retries=max_retries) as client,
    ):
        yield client


@asynccontextmanager
async def langchain(chat: ScriptedChat | None = None) -> AsyncIterator[ChatOpenAI]:
    async with serving_answers(chat) as url:
        model = ChatOpenAI(
            model="rag-inline", base_url=url, api_key="any", max_retries=0, stream_usage=True
        )
        yield model
        await model.root_async_client.close()
        model.root_client.close()


async def read_data(url: str, body: object) -> list[str]:
    """The data of each event of a stream."""
    async with httpx2.AsyncClient() as client, client.stream("POST", url, json=body) as response:
        return [event.data async for event in httpx2.EventSource(response)]


@pytest.mark.parametrize("model", MODELS)
async def test_every_chunk_on_the_wire_is_one_of_openais_to_the_letter(model: str) -> None:
    body = {"model": model, "messages": [QUESTION], "stream": True}

    async with serving_answers() as url:
        with_usage = {**body, "stream_options": {"include_usage": True}}
        *data, end = await read_data(f"{url}/chat/completions", with_usage)

    chunks = [ChatCompletionChunk.model_validate_json(one, strict=True) for one in data]
    roles = [choice.delta.role for chunk in chunks for choice in chunk.choices]
    assert end == "[DONE]"
    assert roles == ["assistant", *[None] * (len(roles) - 1)]
    assert [bool(chunk.choices) for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {
        (chunks[0].id, chunks[0].created, model)
    }


@pytest.mark.parametrize("model", MODELS)
async def test_openais_stream_helper_puts_the_answer_together(model: str) -> None:
    async with (
        openai() as client,
        client.chat.completions.stream(model=model, messages=[QUESTION]) as stream,
    ):
        completion = await stream.get_final_completion()

    (choice,) = completion.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert strip_sources(choice.message.content or "") == ANSWER


@pytest.mark.parametrize("streams", [True, False])
async def test_the_inline_model_ends_with_its_sources(streams: bool) -> None:  # noqa: FBT001
    async with openai() as client:
        answer = await client.chat.completions.create(
            model="rag-inline", messages=[QUESTION], stream=streams
        )
        if streams:
            texts = [chunk.choices[0].delta.content or "" async for chunk in answer]
            text = "".join(texts)
        else:
            text = answer.choices[0].message.content

    assert text.startswith(f"{ANSWER}\n\n**Sources**\n\n{LISTED}")


async def test_the_inline_model_says_the_same_in_our_own_protocol() -> None:
    body = {"question": "What does it cost?", "model": "rag-inline", "stream": False}

    async with serving_answers() as url, httpx2.AsyncClient() as client:
        whole = (await client.post(f"{url}/answers", json=body)).json()

    (citation,) = whole["citations"]
    assert LISTED in whole["answer"]
    assert whole["answer"][citation["answer_start"] : citation["answer_end"]] == "[1]"


async def test_the_sources_of_the_last_answer_do_not_reach_the_model() -> None:
    chat = ScriptedChat()

    async with openai(chat) as client:
        first = await client.chat.completions.create(model="rag-inline", messages=[QUESTION])
        said = {"role": "assistant", "content": first.choices[0].message.content}
        await client.chat.completions.create(model="rag", messages=[QUESTION, said, QUESTION])

    assert [message.content for message in chat.prompts[-1] if message.role == "assistant"] == [
        ANSWER
    ]


async def test_open_webui_gets_a_title_without_a_search() -> None:
    library, chat = MemoryLibrary(), ScriptedChat(['{"title": "Costs"}'])

    async with openai(chat, library) as client:
        completion = await client.chat.completions.create(
            model="rag-openwebui", messages=[TASK], max_completion_tokens=1000
        )

    assert completion.choices[0].message.content == '{"title": "Costs"}'
    assert completion.id.startswith("chatcmpl-")
    assert (library.queries, chat.max_tokens) == ([], 1000)


async def test_a_title_that_is_streamed_searches_nothing_either() -> None:
    library, chat = MemoryLibrary(), ScriptedChat(texts=["The ", "price"])
    naming = {"role": "system", "content": "Write the title of a conversation."}
    said = {"role": "user", "content": "user: What does it cost?\nassistant: 12 euros."}

    async with openai(chat, library) as client:
        stream = await client.chat.completions.create(
            model="rag", messages=[naming, said], stream=True
        )
        chunks = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "The price"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert library.queries == []


async def test_a_task_for_an_unknown_model_is_refused() -> None:
    async with openai() as client:
        with pytest.raises(APIStatusError) as raised:
            await client.chat.completions.create(model="gpt-9", messages=[TASK])

    assert raised.value.status_code == 404


async def test_a_rate_limit_is_raised_as_one_and_says_when_to_come_back() -> None:
    library = MemoryLibrary(failure=ChatRateLimitedError("slow down", retry_after_seconds=7))

    async with openai(library=library) as client:
        with pytest.raises(RateLimitError, match="slow down") as raised:
            await client.chat.completions.create(model="rag", messages=[QUESTION])

    assert raised.value.type == "rate_limit_error"
    assert raised.value.response.headers["retry-after"] == "7"


async def test_openais_client_does_not_repeat_what_is_pointless() -> None:
    chat = ScriptedChat([], failure=ChatRejectedError("no such model"))

    async with openai(chat, max_retries=2) as client:
        with pytest.raises(APIStatusError, match="no such model") as raised:
            await client.chat.completions.create(model="rag", messages=[QUESTION])

    assert raised.value.status_code == 502
    assert len(chat.prompts) == 1


async def test_openais_client_reads_over_the_heartbeats() -> None:
    slow = begin(stream((RETRIEVED,), (Delta(text="a"),), (DONE,), pause_seconds=0.1))
    encoder = ChatEncoder("chatcmpl-1", model="rag", created=5, include_usage=False)
    response = EventStreamResponse(slow, encoder, heartbeat_seconds=0.02)

    async with (
        serving(response) as port,
        AsyncOpenAI(base_url=f"http://127.0.0.1:{port}", api_key="any") as client,
    ):
        answer = await client.chat.completions.create(model="rag", messages=[], stream=True)
        texts = [chunk.choices[0].delta.content async for chunk in answer]

    assert texts == ["", "a", None]


async def test_langchain_streams_the_answer_with_its_sources_and_its_cost() -> None:
    async with langchain() as model:
        chunks = [chunk async for chunk in model.astream("What does it cost?")]

    whole = sum(chunks[1:], chunks[0])
    assert str(whole.content).startswith(f"{ANSWER}\n\n**Sources**\n\n{LISTED}")
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == 25


async def test_langchain_gets_a_whole_answer() -> None:
    async with langchain() as model:
        message = await model.ainvoke([("system", "Be brief."), ("human", "What does it cost?")])

    assert LISTED in str(message.content)
    assert message.response_metadata["finish_reason"] == "stop"


async def test_langchain_raises_when_the_model_breaks_off() -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    async with langchain(chat) as model:
        with pytest.raises(APIError, match="cut off"):
            [chunk async for chunk in model.astream("What does it cost?")]


async def test_a_cut_stream_goes_on_where_it_was_cut() -> None:
    body = {"question": "What does it cost?"}
    seen: list[tuple[str, str]] = []

    async with serving_answers() as url, httpx2.AsyncClient() as client:
        while not seen or seen[-1][0] not in ("done", "failed"):
            headers = {"Last-Event-ID": seen[-1][1]} if seen else {}
            asked = client.stream("POST", f"{url}/answers", json=body, headers=headers)
            async with asked as response:
                event = await anext(aiter(httpx2.EventSource(response)))
                seen.append((event.event, event.id))

    run = seen[0][1].partition(":")[0]
    assert [place for _, place in seen] == [f"{run}:{n + 1}" for n in range(len(seen))]
    assert [name for name, _ in seen] == ["retrieved", "delta", "cited", "delta", "done"]
