from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from rag_api.admission import Runs
from rag_api.event_log import KEPT_EVENTS, TAKEN_EVENTS
from rag_core.errors import ChatUnavailableError, VectorsUnavailableError
from tests.api import MemoryLibrary, ScriptedChat, calling, make_app, make_parts
from tests.gates import GatedChat
from tests.rag_api.test_ui_parts import kinds, read_parts, read_text
from tests.servers import serving

QUESTION = "What does it cost?"
METHODS = pytest.mark.parametrize("method", ["GET", "POST"])
Client = httpx2.AsyncClient


async def ask(
    client: Client, method: str, *, last: str | None = None, question: str = QUESTION
) -> httpx2.Response:
    headers = {} if last is None else {"last-event-id": last}
    if method == "GET":
        return await client.get("/api/ask", params={"q": question}, headers=headers)
    return await client.post("/api/ask", json={"q": question}, headers=headers)


@pytest.mark.parametrize(
    ("retrieval", "status"),
    [('{"collections": {"default": 1}}', 200), ("{", 422), ('{"collection": 1}', 422)],
)
async def test_a_url_carries_the_options_as_json(retrieval: str, status: int) -> None:
    async with calling(make_parts()) as client:
        asked = {"q": QUESTION, "retrieval": retrieval}
        response = await client.get("/api/ask", params=asked)

    assert response.status_code == status


def read_ids(body: bytes) -> list[str]:
    lines = body.decode().split("\n")
    return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


@asynccontextmanager
async def cut_off(chat: GatedChat) -> AsyncIterator[tuple[Client, bytes]]:
    """A client that was cut off in the middle of an answer, and what it has of it."""
    app = make_app(make_parts(chat=chat))
    async with (
        serving(app, lifespan="on") as port,
        Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        body = b""
        async with client.stream("GET", "/api/ask", params={"q": QUESTION}) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if b"[1]" in body:
                    break
        yield client, body


@METHODS
async def test_a_question_is_answered_in_numbered_parts(method: str) -> None:
    async with calling(make_parts()) as client:
        response = await ask(client, method)

    parts, ids = read_parts(response.content), read_ids(response.content)
    assert read_text(parts) == "It costs 12 euros [1]."
    assert response.content.startswith(b"retry: 1000\nid: ")
    run_id = parts[0]["messageId"].removeprefix("msg_")
    assert ids == [f"{run_id}:{number}" for number in range(1, len(parts) + 1)]


@METHODS
async def test_from_every_event_on_the_rest_is_the_same(method: str) -> None:
    async with calling(make_parts()) as client:
        whole = (await ask(client, method)).content
        rests = [(await ask(client, method, last=last)).content for last in read_ids(whole)]

    parts = read_parts(whole)
    assert [read_parts(rest) for rest in rests] == [
        parts[number:] for number in range(1, len(parts) + 1)
    ]


@METHODS
async def test_an_answer_goes_on_where_it_was_cut(method: str) -> None:
    chat = GatedChat()

    async with cut_off(chat) as (client, before):
        returning = asyncio.create_task(ask(client, method, last=read_ids(before)[-1]))
        chat.gate.set()
        rest = (await returning).content

    assert read_text(read_parts(before + rest)) == chat.text
    assert read_ids(before + rest) == [
        f"{read_ids(before)[0].split(':')[0]}:{number}"
        for number in range(1, len(read_ids(before + rest)) + 1)
    ]
    assert chat.answers == 1


@pytest.mark.parametrize(
    ("method", "status", "found"),
    [("GET", 204, []), ("POST", 200, ["error", "[DONE]"])],
)
@pytest.mark.parametrize("last", ["gone:7", "odd", "5:", "1:" + "9" * 5000])
async def test_an_answer_that_is_gone_is_never_begun_anew(
    method: str, status: int, found: list[str], last: str
) -> None:
    chat = ScriptedChat()

    async with calling(make_parts(chat=chat)) as client:
        response = await ask(client, method, last=last)

    assert (response.status_code, kinds(read_parts(response.content))) == (status, found)
    assert not chat.prompts


@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("POST", 200)])
async def test_who_has_all_of_it_gets_nothing_more(method: str, status: int) -> None:
    chat = ScriptedChat()

    async with calling(make_parts(chat=chat)) as client:
        whole = await ask(client, method)
        response = await ask(client, method, last=read_ids(whole.content)[-1])

    assert (response.status_code, response.content) == (status, b"")
    if method == "POST":
        assert response.headers["content-type"].startswith("text/event-stream")
    assert len(chat.prompts) == 1


@METHODS
async def test_the_end_of_a_long_answer_is_not_taken_for_nothing(method: str) -> None:
    parts = make_parts(chat=ScriptedChat(texts=["x "] * 2 * TAKEN_EVENTS))

    async with calling(parts) as client:
        whole = await ask(client, method)
        response = await ask(client, method, last=read_ids(whole.content)[-4])

    assert kinds(read_parts(response.content)) == ["finish-step", "finish", "[DONE]"]


@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("POST", 200)])
async def test_an_answer_whose_beginning_is_kept_no_more_cannot_go_on(
    method: str, status: int
) -> None:
    parts = make_parts(chat=ScriptedChat(texts=["x"] * KEPT_EVENTS))

    async with calling(parts) as client:
        whole = await ask(client, method)
        run_id = read_ids(whole.content)[0].split(":")[0]
        response = await ask(client, method, last=f"{run_id}:100")

    assert response.status_code == status
    assert kinds(read_parts(response.content)) == ([] if status == 204 else ["error", "[DONE]"])


async def test_an_empty_last_event_id_is_none() -> None:
    async with calling(make_parts()) as client:
        response = await ask(client, "GET", last="")

    assert kinds(read_parts(response.content))[-1] == "[DONE]"


@METHODS
async def test_a_failure_of_the_search_is_a_part_and_is_not_tried_again(method: str) -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    async with calling(make_parts(library=library)) as client:
        response = await ask(client, method)
        again = await ask(client, method, last=read_ids(response.content)[-1])

    error, _ = read_parts(response.content)
    assert error == {"type": "error", "errorText": "Chroma does not answer"}
    assert (response.status_code, again.content) == (200, b"")


async def test_an_unknown_model_or_collection_is_a_part() -> None:
    async with calling(make_parts()) as client:
        bodies = [
            (await client.get("/api/ask", params={"q": QUESTION, **more})).content
            for more in ({"collection": "other"}, {"model": "huge"})
        ]

    texts = [read_parts(body)[0]["errorText"] for body in bodies]
    assert [text.split(";")[0] for text in texts] == ["no collection 'other'", "no model 'huge'"]


async def test_a_failure_of_the_model_follows_its_text() -> None:
    parts = make_parts(chat=ScriptedChat(failure=ChatUnavailableError("cut off")))

    async with calling(parts) as client:
        response = await ask(client, "GET")

    assert kinds(read_parts(response.content))[-3:] == ["data-citations", "error", "[DONE]"]


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 503)])
async def test_a_question_too_many_is_told_so_and_does_not_come_back(
    method: str, status: int
) -> None:
    runs = Runs(most=1, queue_seconds=0.01)

    async with runs.admit(), calling(make_parts(runs=runs)) as client:
        response = await ask(client, method)
        again = await ask(client, "GET", last=(read_ids(response.content) or ["none:2"])[-1])

    error, _ = read_parts(response.content)
    assert "questions are being answered" in error["errorText"]
    assert (response.status_code, again.status_code) == (status, 204)


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "q: "), ({"q": " "}, "q: "), ({"q": "x", "top_k": "51"}, "top_k: ")],
)
async def test_a_wrong_request_is_a_status_with_a_part(query: dict[str, str], field: str) -> None:
    async with calling(make_parts()) as client:
        responses = [
            await client.get("/api/ask", params=query),
            await client.post("/api/ask", json=query),
        ]

    for response in responses:
        assert response.status_code == 422
        assert response.headers["content-type"].startswith("text/event-stream")
        assert read_parts(response.content)[0]["errorText"].startswith(field)


@METHODS
async def test_a_question_over_the_limit_is_told_the_limit(method: str) -> None:
    async with calling(make_parts()) as client:
        response = await ask(client, method, question="x" * 32_001)

    assert response.status_code == 413
    assert "32,000" in read_parts(response.content)[0]["errorText"]


async def test_a_url_may_carry_what_clients_add() -> None:
    query = {"q": QUESTION, "collection": "default", "top_k": "1", "model": "rag", "_": "17"}

    async with calling(make_parts()) as client:
        response = await client.get("/api/ask", params=query)

    assert kinds(read_parts(response.content))[-1] == "[DONE]"


async def test_a_parameter_that_is_given_twice_is_refused() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/api/ask", params=[("q", QUESTION), ("q", "Why?")])

    assert response.status_code == 400
    assert "'q' is given 2 times" in response.text


async def test_a_wrong_method_is_told_all_that_the_path_takes() -> None:
    async with calling(make_parts()) as client:
        response = await client.put("/api/ask")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
