from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag_api.abstention import DOUBT
from rag_api.answer import ExtractiveAnswerer
from rag_api.reranking import Reranking
from rag_core.errors import ChatRejectedError, ChatUnavailableError, VectorsUnavailableError
from tests.api import PASSAGE, MemoryLibrary, ScriptedChat, calling, make_parts
from tests.fakes import WordEmbedder
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

    assert library.queries == ["premium plan: Its price?"]


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


async def test_the_model_writes_a_follow_up_and_the_stream_says_so() -> None:
    library = MemoryLibrary()
    chat = ScriptedChat(texts=["QUERY: What is the premium plan's price?\n"])
    history = [{"role": "user", "content": "What is the premium plan?"}]
    body = {"question": "Its price?", "history": history, "stream": False}

    async with calling(make_parts(library=library, chat=chat)) as client:
        answer = (await client.post("/v1/answers", json=body)).json()

    assert library.queries == ["What is the premium plan's price?"] == answer["queries"]
    assert (answer["query"], answer["rewritten_by"]) == (answer["queries"][0], "model")
    assert answer["warnings"] == []


async def test_rewriting_can_be_switched_off() -> None:
    library, chat = MemoryLibrary(), ScriptedChat()
    history = [{"role": "user", "content": "What is the premium plan?"}]
    options = {"rewrite": "never"}

    async with calling(make_parts(library=library, chat=chat)) as client:
        await client.post(
            "/v1/answers",
            json={"question": "Its price?", "history": history, "retrieval": options},
        )

    assert library.queries == ["Its price?"]
    assert len(chat.prompts) == 1


@pytest.mark.parametrize(
    "options",
    [{"variants": 0}, {"variants": 5}, {"variants": True}, {"rewrite": "yes"}, {"hyde": "yes"}],
)
async def test_options_out_of_their_range_are_refused(options: dict[str, object]) -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", json={**ASKED, "retrieval": options})

    assert response.status_code == 422


async def test_variants_without_a_chat_model_are_refused_with_the_way_out() -> None:
    parts = replace(make_parts(), answerer=ExtractiveAnswerer(WordEmbedder()))

    async with calling(parts) as client:
        response = await client.post(
            "/v1/search", json={"query": "x", "retrieval": {"variants": 3}}
        )

    assert response.status_code == 400
    assert "CHAT_MODEL" in response.json()["detail"]


async def test_what_a_reranker_puts_first_is_answered_from_when_a_better_one_was_found() -> None:
    fits = replace(PASSAGE, chunk_id="d2-0", document_id="d2", fused_score=0.6, text="Cats purr.")
    library = MemoryLibrary(passages=[fits, replace(PASSAGE, fused_score=0.2)])
    reranking = Reranking(LastFirst(), 50, 1.0)
    chat = ScriptedChat()

    async with calling(
        replace(make_parts(library=library, chat=chat), reranking=reranking)
    ) as client:
        body = {**ASKED, "top_k": 1, "stream": False, "retrieval": {"abstain": True}}
        answer = (await client.post("/v1/answers", json=body)).json()

    assert [one["fused_score"] for one in answer["passages"]] == [0.2]
    assert len(chat.prompts) == 1


async def test_the_time_of_each_step_is_told_and_stays_when_the_answer_is_read_again() -> None:
    slow = replace(make_parts(), reranking=Reranking(LastFirst(seconds=0.02), 50, 1.0))

    async with calling(slow) as client:
        first = await client.post("/v1/answers", json=ASKED)
        again = await client.get(f"/v1/answers/{first.headers['x-answer-id']}/events")
        plain = await client.post("/v1/search", json={"query": "What does it cost?"})
        left_out = {"query": "What?", "retrieval": {"rerank": False}}
        unranked = await client.post("/v1/search", json=left_out)

    timings = read_events(first.content)[0][2]["timings"]
    assert timings["reranking_milliseconds"] >= 20 > timings["searching_milliseconds"]
    assert timings["rewriting_milliseconds"] >= 0
    assert again.content == first.content
    assert plain.json()["timings"]["reranking_milliseconds"] >= 20
    assert unranked.json()["timings"]["reranking_milliseconds"] is None


class LastFirst:
    """A reranker that thinks most of what the search thinks least of."""

    name = "last-first"

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        del query
        await asyncio.sleep(self.seconds)
        return [float(place) for place, _ in enumerate(texts)]


async def test_below_the_least_score_the_model_is_told_or_left_unasked() -> None:
    weak = MemoryLibrary(passages=[replace(PASSAGE, fused_score=0.2)])
    told, unasked = ScriptedChat(texts=["They do not say."]), ScriptedChat()
    body = {**ASKED, "stream": False}

    async with calling(make_parts(library=weak, chat=told)) as client:
        first = (await client.post("/v1/answers", json=body)).json()
    async with calling(make_parts(library=weak, chat=unasked)) as client:
        options = {"retrieval": {"abstain": True}}
        second = (await client.post("/v1/answers", json={**body, **options})).json()

    assert DOUBT in told.prompts[0][-1].content
    assert unasked.prompts == []
    assert first["outcome"] == second["outcome"] == "insufficient"
    assert [one["number"] for one in first["nearest"]] == [1]
    assert first["nearest"] == second["nearest"]
    assert "scores 0.200" in second["answer"]
