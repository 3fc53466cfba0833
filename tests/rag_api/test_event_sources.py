"""The clients of server-sent events that pages use, against the real server."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from rag_core.errors import VectorsUnavailableError
from tests.api import MemoryLibrary, make_app, make_parts
from tests.cutting import interrupted
from tests.gates import GatedChat
from tests.node import run_script
from tests.servers import serving

ENDS = pytest.mark.parametrize("ends_unseen", [False, True])
ASK = "/api/ask?q=What+does+it+cost"
NAMES = ["retrieved", "delta", "cited", "done", "failed"]


def read(told: dict[str, Any]) -> list[Any]:
    data = [event["data"] for event in told["events"]]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def text_of(told: dict[str, Any]) -> str:
    pieces = [part for part in read(told) if part != "[DONE]"]
    return "".join([part.get("delta", part.get("text", "")) for part in pieces])


def statuses(told: dict[str, Any]) -> list[int]:
    return [request["status"] for request in told["requests"]]


@ENDS
async def test_eventsource_goes_on_after_a_cut_and_stops_at_the_end(*, ends_unseen: bool) -> None:
    chat = GatedChat()

    async with interrupted(chat, ends_unseen=ends_unseen) as proxy:
        told = await run_script("eventsource.mjs", url=proxy.url + ASK, cutAt="[1]")

    assert text_of(told) == chat.text
    assert read(told)[-1] == "[DONE]"
    assert statuses(told) == [200, 200, 204]
    assert (proxy.cuts, chat.answers) == (1, 1)


async def test_eventsource_follows_an_answer_by_its_named_events() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy, httpx2.AsyncClient() as client:
        asked = client.stream("POST", f"{proxy.url}/v1/answers", json={"question": "What?"})
        async with asked as response:
            first = await anext(response.aiter_text())
        run_id = first.split("id: ")[1].split(":")[0]
        url = f"{proxy.url}/v1/answers/{run_id}/events"
        told = await run_script("eventsource.mjs", url=url, names=NAMES, cutAt="[1]")

    assert [event["type"] for event in told["events"]][-1] == "done"
    assert text_of(told) == chat.text
    assert statuses(told) == [200, 200, 204]
    assert chat.answers == 1


async def test_eventsource_is_told_of_a_failure_once() -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    async with serving(make_app(make_parts(library=library)), lifespan="on") as port:
        told = await run_script("eventsource.mjs", url=f"http://127.0.0.1:{port}{ASK}")

    assert read(told) == [{"type": "error", "errorText": "Chroma does not answer"}, "[DONE]"]
    assert statuses(told) == [200, 204]


async def test_eventsource_without_a_key_does_not_come_back() -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        told = await run_script("eventsource.mjs", url=f"http://127.0.0.1:{port}{ASK}")

    assert (statuses(told), told["events"]) == ([401], [])


async def post(url: str, body: dict[str, object] | None = None, **more: object) -> Any:
    asked = {"q": "What does it cost?", **(body or {})}
    return await run_script("fetch-event-source.mjs", url=f"{url}/api/ask", body=asked, **more)


@ENDS
async def test_fetch_event_source_goes_on_after_a_cut(*, ends_unseen: bool) -> None:
    chat = GatedChat()

    async with interrupted(chat, ends_unseen=ends_unseen) as proxy:
        told = await post(proxy.url, cutAt="[1]")

    assert text_of(told) == chat.text
    assert statuses(told) == [200, 200]
    assert told["requests"][1]["last"] in {event["id"] for event in told["events"]}
    assert (proxy.cuts, chat.answers) == (1, 1)


@pytest.mark.parametrize(("last", "found"), [(None, []), ("gone:1", ["error", "[DONE]"])])
async def test_fetch_event_source_does_not_try_again_when_nothing_is_left(
    last: str | None, found: list[str]
) -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        whole = await post(url)
        seen = {"last-event-id": last or whole["events"][-1]["id"]}
        again = await post(url, headers=seen)

    assert [part if part == "[DONE]" else part["type"] for part in read(again)] == found
    assert statuses(again) == [200]


@pytest.mark.parametrize(
    ("more", "key", "status", "detail"),
    [
        ({"collection": "other"}, None, 200, "no collection 'other'"),
        ({"top_k": 0}, None, 422, "top_k: "),
        ({}, "secret", 401, "the key is missing"),
    ],
)
async def test_fetch_event_source_is_told_of_a_failure_and_does_not_try_again(
    more: dict[str, object], key: str | None, status: int, detail: str
) -> None:
    async with serving(make_app(make_parts(api_key=key)), lifespan="on") as port:
        told = await post(f"http://127.0.0.1:{port}", more)

    error, done = read(told)
    assert error["errorText"].startswith(detail)
    assert (done, statuses(told)) == ("[DONE]", [status])
