"""Who leaves, waits too long or meets a stop before the answer begins; over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pytest

from rag_api.admission import Runs
from rag_api.chat import ChatPart, Message
from rag_core.query import Found, Query
from tests.api import MemoryLibrary, ScriptedChat, make_app, make_parts
from tests.servers import serving, until

QUESTION = "What does it cost?"
MESSAGES = [{"role": "user", "content": QUESTION}]
ASKED = {
    "/v1/answers": {"question": QUESTION},
    "/v1/chat/completions": {"model": "rag", "stream": True, "messages": MESSAGES},
}


@dataclass
class SlowLibrary(MemoryLibrary):
    """Searches until it is let go on, or left."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(self, query: Query, *, collections: Mapping[str, float]) -> Found:
        del query, collections
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        return Found(())


@dataclass
class ThinkingChat(ScriptedChat):
    """Takes a moment for each answer, in which others come."""

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        await asyncio.sleep(0.05)
        async for part in super().stream(messages, max_tokens=max_tokens):
            yield part


@asynccontextmanager
async def calling_at(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=30
    ) as client:
        yield client


async def leave(port: int, seen: asyncio.Event) -> None:
    """Ask, and go when it is seen that the question has arrived."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(ASKED["/v1/answers"]).encode()
    head = "POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await asyncio.wait_for(seen.wait(), 5)
    writer.close()


async def test_who_leaves_during_the_search_gives_the_place_back_at_once() -> None:
    library, runs = SlowLibrary(), Runs(most=1, queue_seconds=0.5)

    async with serving(make_app(make_parts(library=library, runs=runs)), lifespan="on") as port:
        await leave(port, library.asked)
        await asyncio.wait_for(library.left.wait(), 5)

        async with runs.admit() as place:
            assert not place.used


async def test_who_leaves_the_queue_does_not_stand_in_it_any_more() -> None:
    runs, arrived = Runs(most=1, queue_seconds=30), asyncio.Event()

    async with serving(make_app(make_parts(runs=runs)), lifespan="on") as port, runs.admit():
        leaving = asyncio.create_task(leave(port, arrived))
        await until(lambda: runs.turns.waiting == 1)
        arrived.set()
        await leaving
        await until(lambda: runs.turns.waiting == 0)

    assert runs.turns.taken == 0


async def test_more_than_there_is_room_for_are_answered_or_refused_and_nothing_is_left() -> None:
    runs = Runs(most=20)
    parts = make_parts(runs=runs, chat=ThinkingChat())

    async with serving(make_app(parts), lifespan="on") as port, calling_at(port) as client:
        paths = list(ASKED) * 120
        answers = await asyncio.gather(*(client.post(path, json=ASKED[path]) for path in paths))
        later = await client.post("/v1/answers", json=ASKED["/v1/answers"])

    assert Counter(answer.status_code for answer in answers).keys() == {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 40
    assert all(
        b"DONE" in one.content or b"done" in one.content for one in answers if one.is_success
    )
    assert later.status_code == 200
    assert (runs.turns.waiting, runs.turns.taken) == (0, 0)


@pytest.mark.parametrize(
    ("path", "shape"),
    [("/v1/answers", {"error", "detail"}), ("/v1/chat/completions", {"error"})],
)
async def test_a_refusal_says_when_to_come_back_in_the_protocols_own_shape(
    path: str, shape: set[str]
) -> None:
    runs = Runs(most=1, queue_seconds=0.01)

    async with (
        serving(make_app(make_parts(runs=runs)), lifespan="on") as port,
        runs.admit(),
        calling_at(port) as client,
    ):
        refusal = await client.post(path, json=ASKED[path])

    assert refusal.status_code == 503
    assert set(refusal.json()) == shape
    assert int(refusal.headers["retry-after"]) >= 1
    assert refusal.headers["x-should-retry"] == "true"


@pytest.mark.parametrize("path", list(ASKED))
async def test_a_stop_during_the_search_is_a_status_too(path: str) -> None:
    library, runs = SlowLibrary(), Runs(most=1)
    parts = make_parts(library=library, runs=runs)

    async with serving(make_app(parts), lifespan="on") as port, calling_at(port) as client:
        asking = asyncio.create_task(client.post(path, json=ASKED[path]))
        await asyncio.wait_for(library.asked.wait(), 5)
        await runs.close()
        refusal = await asking

    assert refusal.status_code == 503
    assert "the server stops" in refusal.text


async def test_a_stop_ends_a_whole_answer_with_a_status() -> None:
    runs, chat = Runs(most=1), ScriptedChat(hangs=True)
    parts = make_parts(chat=chat, runs=runs)

    async with serving(make_app(parts), lifespan="on") as port, calling_at(port) as client:
        body = {**ASKED["/v1/answers"], "stream": False}
        asking = asyncio.create_task(client.post("/v1/answers", json=body))
        await until(lambda: chat.prompts)
        await runs.close()
        refusal = await asking

    assert (refusal.status_code, refusal.json()["error"]) == (503, "StoppedError")
    assert refusal.headers["retry-after"]
