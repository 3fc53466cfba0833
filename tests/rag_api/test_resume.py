from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from rag_api.events import Delta
from rag_api.parts import Parts
from rag_api.routes.resume import Position, read_position
from rag_api.wire.native import NativeEncoder
from tests.answers import CITED, DONE, RETRIEVED, begin
from tests.answers import stream as answer_stream
from tests.api import ScriptedChat, calling, make_parts
from tests.rag_api.test_native import read_events

ASKED = {"question": "What does it cost?"}
EVENTS = (RETRIEVED, *[Delta(text=text) for text in ("It ", "is 🚀", " [1]")], CITED, DONE)


def only_run(parts: Parts) -> str:
    (run_id,) = parts.runs._runs
    return run_id


async def test_a_cut_stream_goes_on_behind_the_last_event() -> None:
    async with calling(make_parts()) as client:
        whole = read_events((await client.post("/v1/answers", json=ASKED)).content)
        headers = {"Last-Event-ID": whole[1][1]}
        rest = await client.post("/v1/answers", json=ASKED, headers=headers)

    assert read_events(rest.content) == whole[2:]


async def test_a_stream_that_was_read_to_its_end_is_not_begun_again() -> None:
    chat = ScriptedChat()
    async with calling(make_parts(chat=chat)) as client:
        whole = read_events((await client.post("/v1/answers", json=ASKED)).content)
        headers = {"Last-Event-ID": whole[-1][1]}
        again = await client.post("/v1/answers", json=ASKED, headers=headers)

    assert (again.status_code, again.content) == (200, b"")
    assert len(chat.prompts) == 1


async def test_an_unknown_run_ends_with_failed_and_asks_nobody() -> None:
    chat = ScriptedChat()
    async with calling(make_parts(chat=chat)) as client:
        headers = {"Last-Event-ID": "0123:4"}
        response = await client.post("/v1/answers", json=ASKED, headers=headers)

    ((name, event_id, data),) = read_events(response.content)
    assert (name, event_id, data["error"]) == ("failed", "0123:5", "AnswerNotFoundError")
    assert chat.prompts == []


async def test_an_empty_last_event_id_is_none() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json=ASKED, headers={"Last-Event-ID": ""})

    assert [name for name, _, _ in read_events(response.content)][-1] == "done"


async def test_an_answer_is_followed_by_its_id() -> None:
    async with calling(make_parts()) as client:
        asked = await client.post("/v1/answers", json=ASKED)
        run_id = asked.headers["x-answer-id"]
        followed = await client.get(f"/v1/answers/{run_id}/events")
        headers = {"Last-Event-ID": read_events(asked.content)[-1][1]}
        nothing_left = await client.get(f"/v1/answers/{run_id}/events", headers=headers)

    assert followed.content == asked.content
    assert (nothing_left.status_code, nothing_left.content) == (204, b"")


async def test_events_keep_their_numbers_whatever_number_is_asked_for() -> None:
    chat = ScriptedChat(hangs=True)
    parts = make_parts(chat=chat)
    async with calling(parts) as client:
        asking = asyncio.create_task(client.post("/v1/answers", json=ASKED))
        await chat.asked.wait()
        path = f"/v1/answers/{only_run(parts)}"
        headers = {"Last-Event-ID": f"{only_run(parts)}:5000"}
        following = asyncio.create_task(client.get(f"{path}/events", headers=headers))
        await asyncio.sleep(0.05)
        await client.post(f"{path}/cancel")

        last = read_events((await asking).content)[-1]
        assert read_events((await following).content)[-1] == last


async def test_following_an_unknown_answer_is_a_404() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/v1/answers/0123/events")

    assert response.status_code == 404
    assert response.json()["error"] == "AnswerNotFoundError"


async def test_cancelling_ends_the_stream_and_closes_the_model() -> None:
    chat = ScriptedChat(hangs=True)
    parts = make_parts(chat=chat)
    async with calling(parts) as client:
        asking = asyncio.create_task(client.post("/v1/answers", json=ASKED))
        await chat.asked.wait()
        cancelled = await client.post(f"/v1/answers/{only_run(parts)}/cancel")
        events = read_events((await asking).content)

    assert cancelled.json() == {"id": only_run(parts), "status": "ended"}
    assert chat.closed.is_set()
    assert events[-1][2]["error"] == "AnswerCancelledError"


async def test_a_json_answer_that_is_cancelled_is_a_409() -> None:
    chat = ScriptedChat(hangs=True)
    parts = make_parts(chat=chat)
    async with calling(parts) as client:
        asking = asyncio.create_task(client.post("/v1/answers", json={**ASKED, "stream": False}))
        await chat.asked.wait()
        await client.post(f"/v1/answers/{only_run(parts)}/cancel")
        response = await asking

    assert (response.status_code, response.json()["error"]) == (409, "AnswerCancelledError")


def test_an_event_id_names_a_place_in_a_run() -> None:
    assert read_position("5f0c:12") == Position("5f0c", 12)
    assert read_position("msg:5f0c:3") == Position("msg:5f0c", 3)
    assert read_position("nonsense") == read_position("5f0c:-1") == Position("", 0)


@given(cut=st.integers(min_value=0))
@settings(max_examples=60)
async def test_any_cut_at_any_byte_resumes_to_the_same_stream(cut: int) -> None:
    run = begin(answer_stream(*[(event,) for event in EVENTS]))
    whole = NativeEncoder("run").encode([event async for ready in run.read() for event in ready])

    received = whole[: cut % (len(whole) + 1)]
    complete = received[: received.rfind(b"\n\n") + 2] if b"\n\n" in received else b""
    events = read_events(complete)
    after = read_position(events[-1][1]).number if events else 0
    rest = [event async for ready in run.read(after) for event in ready]

    again = NativeEncoder("run", after=after).encode(rest)
    assert [*events, *read_events(again)] == read_events(whole)
