from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import APIError, AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError
from openai.types.responses import Response

from rag_api.event_log import KEPT_EVENTS, TAKEN_EVENTS
from rag_api.events import Delta
from rag_api.parts import Parts
from rag_api.wire.responses_objects import ResponseObject
from rag_core.errors import ChatUnavailableError
from tests.answers import stream as answer_stream
from tests.api import ScriptedChat, calling, make_app, make_parts
from tests.rag_api.test_openai_responses import OPENAIS, TYPES, read
from tests.servers import serving

ASKED: dict[str, Any] = {"model": "rag", "input": "What does it cost?"}
ANSWER = "It costs 12 euros [1]."
STREAMED = {**ASKED, "stream": True}
REQUIRED = """
id object created_at completed_at status incomplete_details model previous_response_id instructions
output error tools tool_choice truncation parallel_tool_calls text top_p presence_penalty
frequency_penalty top_logprobs temperature reasoning user usage max_output_tokens max_tool_calls
store background service_tier metadata safety_identifier prompt_cache_key
"""


@asynccontextmanager
async def openai(parts: Parts, key: str = "anything") -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's client, of a server on a real socket."""
    async with (
        serving(make_app(parts), lifespan="on") as port,
        AsyncOpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0, timeout=10
        ) as client,
    ):
        yield client


async def begin_hanging(client: AsyncOpenAI, chat: ScriptedChat) -> str:
    """Ask, leave behind the first piece of text; gives the response's id."""
    assert chat.hangs
    async with await client.responses.create(**ASKED, stream=True) as stream:
        async for event in stream:
            if event.type == "response.created":
                response_id = event.response.id
            if event.type == "response.output_text.delta":
                break
    return response_id


async def note_types(stream: AsyncIterator[Any], types: list[str]) -> None:
    async for event in stream:
        types.append(event.type)  # noqa: PERF401 - what comes before an error is kept


def only_run(parts: Parts) -> str:
    (run_id,) = parts.runs._runs
    return run_id


async def test_openais_client_reads_the_stream_and_its_citations() -> None:
    async with openai(make_parts()) as client:
        events = [event async for event in await client.responses.create(**ASKED, stream=True)]

    final = events[-1].response  # type: ignore[union-attr]
    (annotation,) = final.output[0].content[0].annotations  # type: ignore[union-attr]
    assert [event.type for event in events] == TYPES
    assert final.output_text == ANSWER
    assert ANSWER[annotation.start_index : annotation.end_index] == "[1]"  # type: ignore[union-attr]
    assert final.usage is not None
    assert (final.usage.total_tokens, final.model) == (25, "rag")


async def test_openais_client_reads_a_whole_response() -> None:
    async with openai(make_parts()) as client:
        response = await client.responses.create(**ASKED, metadata={"chat": "1"})

    parsed = Response.model_validate(response.model_dump(), strict=True)
    assert parsed.output_text == ANSWER
    assert (parsed.status, parsed.metadata) == ("completed", {"chat": "1"})
    assert parsed.completed_at is not None


async def test_openais_stream_helper_puts_the_answer_together() -> None:
    async with openai(make_parts()) as client, client.responses.stream(**ASKED) as stream:
        response = await stream.get_final_response()

    assert response.output_text == ANSWER


async def test_a_response_is_read_again_by_its_id() -> None:
    async with openai(make_parts()) as client:
        events = [event async for event in await client.responses.create(**ASKED, stream=True)]
        final = events[-1].response  # type: ignore[union-attr]
        assert await client.responses.retrieve(final.id) == final


async def test_a_long_response_is_read_again_whole() -> None:
    texts = ["It costs 12 euros [1]. "] * 2 * TAKEN_EVENTS
    async with openai(make_parts(chat=ScriptedChat(texts=texts))) as client:
        asked = await client.responses.create(**ASKED)
        again = await client.responses.retrieve(asked.id)

    assert again.status == "completed"
    assert again.output == asked.output
    assert again.output_text == "".join(texts)


async def test_every_event_of_the_wire_is_what_openais_own_models_take() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/responses", json=STREAMED)

    for event in read(response.content):
        OPENAIS[event["type"]].model_validate(event, strict=True)
    assert response.headers["content-type"] == "text/event-stream"
    assert b"\nid:" not in response.content


async def test_openais_client_goes_on_behind_any_event() -> None:
    async with openai(make_parts()) as client:
        first = [event async for event in await client.responses.create(**ASKED, stream=True)]
        response_id = first[0].response.id  # type: ignore[union-attr]
        for after in range(len(first)):
            rest = await client.responses.retrieve(response_id, stream=True, starting_after=after)
            assert [event async for event in rest] == first[after + 1 :]


async def test_openais_resume_helper_replays_from_the_beginning() -> None:
    async with openai(make_parts()) as client:
        asked = await client.responses.create(**ASKED)
        async with client.responses.stream(response_id=asked.id, starting_after=6) as stream:
            events = [event async for event in stream]
            response = await stream.get_final_response()

    assert [event.sequence_number for event in events] == [7, 8, 9, 10]
    assert response.output_text == ANSWER


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=3), max_size=4), st.integers(-2, 20))
async def test_any_cut_is_mended_by_a_replay(said: list[str], cut: int) -> None:
    async with calling(make_parts(chat=ScriptedChat(texts=said))) as client:
        whole = (await client.post("/v1/responses", json=STREAMED)).content
        path = f"/v1/responses/{read(whole)[0]['response']['id']}?stream=true&starting_after={cut}"
        rest = (await client.get(path)).content

    assert read(rest) == read(whole)[max(cut + 1, 0) :]
    assert whole.endswith(rest)


async def test_a_stream_that_is_left_goes_on_and_is_followed_to_its_end() -> None:
    chat = ScriptedChat(hangs=True)
    async with openai(make_parts(chat=chat)) as client:
        response_id = await begin_hanging(client, chat)
        following = await client.responses.retrieve(response_id, stream=True, starting_after=3)
        pieces = [await anext(following) for _ in range(2)]
        seen = await client.responses.retrieve(response_id)
        await following.close()

    assert [piece.sequence_number for piece in pieces] == [4, 5]
    assert (seen.status, seen.output_text) == ("in_progress", ANSWER)


@pytest.mark.parametrize("unkept", [{**STREAMED, "store": False}, ASKED])
async def test_without_a_way_back_the_model_is_left_with_the_client(unkept: Any) -> None:
    chat = ScriptedChat(hangs=True)
    async with openai(make_parts(chat=chat)) as client:
        with pytest.raises(APIError):
            async for _ in await client.with_options(timeout=0.5).responses.create(**unkept):
                pass
        async with asyncio.timeout(5):
            await chat.closed.wait()


async def test_cancelling_ends_the_answer_and_tells_its_readers() -> None:
    chat = ScriptedChat(hangs=True)
    async with openai(make_parts(chat=chat)) as client:
        response_id = await begin_hanging(client, chat)
        reading = await client.responses.retrieve(response_id, stream=True)
        cancelled = await client.responses.cancel(response_id)
        with pytest.raises(APIError, match="was cancelled"):
            [event async for event in reading]

    assert (cancelled.status, cancelled.output_text) == ("cancelled", ANSWER)
    assert chat.closed.is_set()


async def test_cancelling_what_has_ended_changes_nothing() -> None:
    async with openai(make_parts()) as client:
        asked = await client.responses.create(**ASKED)

        assert await client.responses.cancel(asked.id) == asked


async def test_a_failure_is_an_event_and_an_error_of_openais_client() -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))
    types: list[str] = []

    async with openai(make_parts(chat=chat)) as client:
        stream = await client.responses.create(**ASKED, stream=True)
        with pytest.raises(APIError, match="cut off") as raised:
            await note_types(stream, types)

    assert types[-1] == "response.failed"
    assert raised.value.code == "ChatUnavailableError"


async def test_a_failure_is_a_status_of_a_whole_response_and_is_kept() -> None:
    parts = make_parts(chat=ScriptedChat(failure=ChatUnavailableError("cut off")))

    async with openai(parts) as client:
        with pytest.raises(APIError, match="cut off"):
            await client.responses.create(**ASKED)
        kept = await client.responses.retrieve(f"resp_{only_run(parts)}")

    assert (kept.status, kept.output_text) == ("failed", ANSWER)
    assert kept.error is not None
    assert (kept.error.code, kept.error.message) == ("server_error", "cut off")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/answers", {"question": "What does it cost?"}),
        ("/v1/chat/completions", {"model": "tiny", "messages": [{"role": "user", "content": "?"}]}),
    ],
)
async def test_a_run_of_another_protocol_is_a_response_too(path: str, body: object) -> None:
    parts = make_parts()

    async with calling(parts) as client:
        await client.post(path, json=body)
        found = await client.get(f"/v1/responses/resp_{only_run(parts)}")
        events = await client.get(f"/v1/responses/resp_{only_run(parts)}?stream=true")

    assert Response.model_validate(found.json(), strict=True).output_text == ANSWER
    assert read(events.content)[-1]["response"] == found.json()


@pytest.mark.parametrize("ending", ["", "?stream=true", "/cancel"])
async def test_an_unknown_response_is_not_found_in_openais_shape(ending: str) -> None:
    method = "POST" if ending == "/cancel" else "GET"
    async with calling(make_parts()) as client:
        response = await client.request(method, f"/v1/responses/resp_0{ending}")

    assert response.status_code == 404
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


async def test_an_answer_whose_beginning_is_gone_is_told_so() -> None:
    parts = make_parts()
    pieces: Sequence[Any] = [(Delta(text="a"),)] * (KEPT_EVENTS + 1)

    async with calling(parts) as client:
        async with parts.runs.admit() as place:
            run = place.start(answer_stream(*pieces), detaches=True)
        [event async for event in run.read(KEPT_EVENTS)]
        whole = await client.get(f"/v1/responses/resp_{run.id}")
        replay = await client.get(f"/v1/responses/resp_{run.id}?stream=true")

    assert (whole.status_code, whole.json()["error"]["code"]) == (404, "EventsDroppedError")
    assert [event["code"] for event in read(replay.content)] == ["EventsDroppedError"]


async def test_openais_client_raises_the_error_of_its_kind() -> None:
    async with openai(make_parts(api_key="secret")) as client:
        with pytest.raises(AuthenticationError, match="wrong"):
            await client.responses.create(**ASKED)
        with pytest.raises(AuthenticationError, match="wrong"):
            await client.responses.retrieve("resp_1")
    async with openai(make_parts()) as client:
        with pytest.raises(NotFoundError, match="'rag'"):
            await client.responses.create(model="gpt-9", input="Cost?")
        with pytest.raises(BadRequestError, match="no question"):
            await client.responses.create(model="rag", input=[])


def test_a_response_always_has_every_key_that_open_responses_requires() -> None:
    schema = ResponseObject.model_json_schema(mode="serialization")

    assert set(schema["required"]) == set(REQUIRED.split())
