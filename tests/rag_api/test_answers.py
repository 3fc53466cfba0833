from __future__ import annotations

import pytest

from rag_core.errors import ChatRejectedError, ChatUnavailableError, VectorsUnavailableError
from tests.api import MemoryLibrary, ScriptedChat, calling, make_parts
from tests.rag_api.test_native import read_events

ASKED = {"question": "What does it cost?"}


async def test_an_answer_is_streamed_with_its_citation() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json=ASKED)

    events = read_events(response.content)
    names = [name for name, _, _ in events]
    assert (names[0], names[-1]) == ("retrieved", "done")
    cited = next(data["citation"] for name, _, data in events if name == "cited")
    assert cited["quote"] == "It costs <b>12</b> euros."
    assert cited["url"] == "http://here/v1/sources/d1-0#passage"


async def test_an_answer_is_one_object_when_asked_for() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json={**ASKED, "stream": False})

    whole = response.json()
    assert whole["answer"] == "It costs 12 euros [1]."
    assert whole["outcome"] == "answered"
    assert whole["usage"] == {"input_tokens": 20, "output_tokens": 5}
    assert [citation["number"] for citation in whole["citations"]] == [1]
    assert [passage["number"] for passage in whole["passages"]] == [1]


async def test_several_collections_are_named_with_their_weights() -> None:
    asked = {**ASKED, "stream": False, "retrieval": {"collections": {"default": 2}}}

    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json=asked)

    assert response.json()["collections"] == {"default": 2.0}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"collection": "default", "retrieval": {"collections": {"default": 1}}}, 400),
        ({"retrieval": {"collections": {"none": 1}}}, 404),
        ({"retrieval": {"collections": {"default": 0}}}, 422),
        ({"retrieval": {"collections": {}}}, 422),
        ({"retrieval": {"colections": {"default": 1}}}, 422),
    ],
)
async def test_wrong_collections_are_refused(more: dict[str, object], status: int) -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json={**ASKED, **more})

    assert response.status_code == status


async def test_the_public_url_begins_every_link() -> None:
    async with calling(make_parts(public_url="https://rag.example/base/")) as client:
        response = await client.post("/v1/search", json={"query": "price"})

    (passage,) = response.json()["passages"]
    assert passage["url"] == "https://rag.example/base/v1/sources/d1-0#passage"


async def test_the_previous_turn_is_searched_too() -> None:
    library = MemoryLibrary()
    history = [
        {"role": "user", "content": "What is the premium plan?"},
        {"role": "assistant", "content": "The large one."},
    ]

    async with calling(make_parts(library=library)) as client:
        await client.post("/v1/answers", json={"question": "Its price?", "history": history})

    assert library.queries == ["What is the premium plan?\nIts price?"]


async def test_the_history_reaches_the_model() -> None:
    chat = ScriptedChat()
    history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]

    async with calling(make_parts(chat=chat)) as client:
        await client.post("/v1/answers", json={**ASKED, "history": history})

    (prompt,) = chat.prompts
    assert [message.role for message in prompt][-3:] == ["user", "assistant", "user"]


async def test_index_failure_is_an_http_status() -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    async with calling(make_parts(library=library)) as client:
        response = await client.post("/v1/answers", json=ASKED)

    assert response.status_code == 503
    assert response.json() == {
        "error": "VectorsUnavailableError",
        "detail": "Chroma does not answer",
    }
    assert int(response.headers["retry-after"]) >= 1


async def test_a_model_failure_is_an_event_in_the_stream() -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("cut off"))

    async with calling(make_parts(chat=chat)) as client:
        response = await client.post("/v1/answers", json=ASKED)

    name, _, data = read_events(response.content)[-1]
    assert response.status_code == 200
    assert (name, data["error"], data["retryable"]) == ("failed", "ChatUnavailableError", True)


@pytest.mark.parametrize(
    ("failure", "status"),
    [(ChatUnavailableError("gone"), 503), (ChatRejectedError("no"), 502), (ValueError("?"), 500)],
)
async def test_a_model_failure_is_a_status_of_a_whole_answer(
    failure: Exception, status: int
) -> None:
    parts = make_parts(chat=ScriptedChat(failure=failure))

    async with calling(parts) as client:
        response = await client.post("/v1/answers", json={**ASKED, "stream": False})

    assert response.status_code == status
    assert set(response.json()) == {"error", "detail"}


async def test_an_unknown_collection_names_the_known_ones() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json={**ASKED, "collection": "other"})

    assert response.status_code == 404
    assert response.json()["error"] == "CollectionNotFoundError"
    assert "'default'" in response.json()["detail"]


async def test_an_unknown_model_is_not_found() -> None:
    async with calling(make_parts()) as client:
        responses = [
            await client.post("/v1/answers", json={**ASKED, "model": name})
            for name in ("rag", "tiny", "huge")
        ]

    assert [response.status_code for response in responses] == [200, 200, 404]


async def test_search_gives_scores_without_an_answer() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/search", json={"query": "price", "top_k": 1})

    body = response.json()
    assert (body["query"], body["collection"]) == ("price", "default")
    assert body["passages"][0]["fused_score"] == 0.6


async def test_a_number_is_whole_with_and_without_a_point() -> None:
    async with calling(make_parts()) as client:
        responses = [
            await client.post("/v1/search", json={"query": "price", "top_k": top_k})
            for top_k in (1, 1.0, 1.5, "1")
        ]

    assert [response.status_code for response in responses] == [200, 200, 422, 422]
