from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from rag_api.admission import Runs
from rag_core.errors import ChatUnavailableError, VectorsUnavailableError
from tests.api import MemoryLibrary, ScriptedChat, calling, make_app, make_parts
from tests.gates import GatedChat, until
from tests.rag_api.test_ui_parts import kinds, read_parts, read_text
from tests.servers import serving


def message(role: str, *parts: object) -> dict[str, object]:
    return {"id": f"{role}-1", "role": role, "parts": list(parts)}


def says(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


Client = httpx2.AsyncClient
ASKED: dict[str, Any] = {
    "id": "chat/1",
    "messages": [message("user", says("What does it cost?"))],
    "trigger": "submit-message",
}
CHAT = "/api/chat/chat%2F1"


@asynccontextmanager
async def talking(chat: GatedChat, *, most: int = 10) -> AsyncIterator[tuple[Client, Runs]]:
    """A client of a real server, whose answers may be read in pieces."""
    parts = make_parts(chat=chat, runs=Runs(most=most))
    async with (
        serving(make_app(parts), lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        yield client, parts.runs


async def read_until(response: httpx2.Response, mark: bytes) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if mark in body:
            break
    return body


async def cut(client: Client, runs: Runs, *, resumed: bool = False) -> bytes:
    """Ask or resume, leave in the middle of the answer, and wait until the server knows."""
    request = ("GET", f"{CHAT}/stream") if resumed else ("POST", "/api/chat")
    async with client.stream(*request, json=None if resumed else ASKED) as response:
        body = await read_until(response, b"[1]")
    run = runs.find_by_chat(ASKED["id"])
    assert run is not None
    await until(lambda: not run.log.has_readers)
    return body


async def test_a_chat_is_answered_with_sources_text_and_citations() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/api/chat", json=ASKED)

    parts = read_parts(response.content)
    assert read_text(parts) == "It costs 12 euros [1]."
    sources = [part for part in parts if part["type"] == "source-url"]
    assert [source["title"] for source in sources] == ["Prices & more, page 2"]
    assert kinds(parts)[-1] == "[DONE]"


async def test_the_headers_are_those_of_a_ui_message_stream() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/api/chat", json=ASKED)

    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"


async def test_history_is_text_and_everything_else_is_ignored() -> None:
    chat = ScriptedChat()
    earlier = [
        message("system", says("Be kind.")),
        message("user", says("Hello"), {"type": "file", "url": "data:,x"}),
        message("assistant", {"type": "step-start"}, {"type": "reasoning", "text": "Hm"}, "odd"),
        message("assistant", {"type": "data-citations", "data": []}, says("Hi"), says("there")),
    ]
    body = {**ASKED, "messages": [*earlier, *ASKED["messages"]], "tools": [], "messageId": None}

    async with calling(make_parts(chat=chat)) as client:
        response = await client.post("/api/chat", json=body)

    assert response.status_code == 200
    (prompt,) = chat.prompts
    said = [(turn.role, turn.content) for turn in prompt][1:-1]
    assert said == [("user", "Hello"), ("assistant", "Hi\nthere")]


async def test_an_answer_is_written_anew() -> None:
    body = {**ASKED, "trigger": "regenerate-message", "messageId": "msg_1"}

    async with calling(make_parts()) as client:
        first, second = [
            read_parts((await client.post("/api/chat", json=asked)).content)
            for asked in (ASKED, body)
        ]

    assert read_text(first) == read_text(second)
    assert first[0]["messageId"] != second[0]["messageId"]


@pytest.mark.parametrize(
    ("more", "status", "detail"),
    [
        ({"collection": "other"}, 404, "no collection 'other'"),
        ({"model": "huge"}, 404, "no model 'huge'"),
        ({"top_k": 0}, 422, "top_k: "),
        ({"messages": []}, 400, "messages hold no text of the role 'user'"),
        ({"messages": "x"}, 422, "messages: Input should be a list"),
        ({"messages": [message("user", {"type": "file"})]}, 400, "messages hold no text"),
    ],
)
async def test_a_wrong_request_is_told_in_plain_words(
    more: dict[str, object], status: int, detail: str
) -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/api/chat", json={**ASKED, **more})

    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.startswith(detail)


async def test_our_fields_beside_the_sdks_are_obeyed() -> None:
    body = {**ASKED, "collection": "default", "model": "rag", "top_k": 1}

    async with calling(make_parts()) as client:
        response = await client.post("/api/chat", json=body)

    assert response.status_code == 200


async def test_a_failure_of_the_search_is_a_status_in_plain_words() -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    async with calling(make_parts(library=library)) as client:
        response = await client.post("/api/chat", json=ASKED)

    assert (response.status_code, response.text) == (503, "Chroma does not answer")
    assert "retry-after" in response.headers


async def test_a_failure_of_the_model_is_a_part() -> None:
    parts = make_parts(chat=ScriptedChat(failure=ChatUnavailableError("cut off")))

    async with calling(parts) as client:
        response = await client.post("/api/chat", json=ASKED)

    assert read_parts(response.content)[-2] == {"type": "error", "errorText": "cut off"}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/chat"), ("GET", f"{CHAT}/stream"), ("POST", f"{CHAT}/stop")]
)
async def test_without_the_key_no_chat_is_seen(method: str, path: str) -> None:
    async with calling(make_parts(api_key="secret")) as client:
        response = await client.request(method, path)

    assert response.status_code == 401
    assert response.text == "the key is missing: send 'Authorization: Bearer KEY'"


async def test_a_chat_that_was_cut_is_sent_again_from_its_beginning() -> None:
    chat = GatedChat()

    async with talking(chat) as (client, runs):
        before = await cut(client, runs)
        chat.gate.set()
        response = await client.get(f"{CHAT}/stream")

    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.content.startswith(before)
    assert read_text(read_parts(response.content)) == chat.text
    assert chat.answers == 1


async def test_every_replay_is_the_same_to_the_byte() -> None:
    chat = GatedChat()

    async with talking(chat) as (client, runs):
        before = await cut(client, runs)
        again = await cut(client, runs, resumed=True)
        chat.gate.set()
        whole = (await client.get(f"{CHAT}/stream")).content

    assert again == before
    assert whole.startswith(before)


async def test_an_answer_that_ended_unseen_is_sent_again() -> None:
    chat = GatedChat()

    async with talking(chat) as (client, runs):
        await cut(client, runs)
        chat.gate.set()
        await chat.closed.wait()
        first = await client.get(f"{CHAT}/stream")
        second = await client.get(f"{CHAT}/stream")

    assert read_text(read_parts(first.content)) == chat.text
    assert (second.status_code, second.content) == (204, b"")


async def test_a_chat_without_an_answer_has_nothing_to_send() -> None:
    async with calling(make_parts()) as client:
        unknown = await client.get("/api/chat/none/stream")
        await client.post("/api/chat", json=ASKED)
        ended = await client.get(f"{CHAT}/stream")

    assert [unknown.status_code, ended.status_code] == [204, 204]


async def test_a_stopped_chat_ends_with_abort() -> None:
    chat = GatedChat()

    async with (
        talking(chat) as (client, _),
        client.stream("POST", "/api/chat", json=ASKED) as response,
    ):
        pieces = response.aiter_bytes()
        body = await anext(pieces)
        stopped = await client.post(f"{CHAT}/stop")
        body += b"".join([piece async for piece in pieces])

    assert stopped.status_code == 204
    assert chat.closed.is_set()
    assert read_parts(body)[-2:] == [{"type": "abort"}, {"type": "[DONE]"}]


async def test_stopping_what_does_not_run_changes_nothing() -> None:
    async with calling(make_parts()) as client:
        await client.post("/api/chat", json=ASKED)
        responses = [await client.post(f"/api/chat/{name}/stop") for name in ("chat%2F1", "none")]

    assert [response.status_code for response in responses] == [204, 204]


async def test_a_new_question_ends_the_answer_that_nobody_reads() -> None:
    chat, second = GatedChat(), {**ASKED, "messages": [message("user", says("And now?"))]}

    async with talking(chat, most=1) as (client, runs):
        await cut(client, runs)
        async with client.stream("POST", "/api/chat", json=second) as response:
            await asyncio.wait_for(chat.closed.wait(), 1)
            chat.gate.set()
            body = await response.aread()

    assert read_text(read_parts(body)) == chat.text


async def test_a_request_without_an_id_is_answered_too() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/api/chat", json={"messages": ASKED["messages"]})

    assert kinds(read_parts(response.content))[-1] == "[DONE]"
