from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rag_api.admission import Runs
from rag_api.events import Delta, Event, Gap, Restarted
from rag_api.feedback import MAX_COMMENT_CHARACTERS
from rag_api.parts import Parts
from rag_api.ratings import CatalogRatings, Ratings, read_run
from rag_api.runs import Run
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.feedback import FoundPassage, Quote, RatedAnswer, Thumb
from rag_core.errors import InvalidRequestError
from tests.answers import CITED, DONE, FAILED, RETRIEVED, begin
from tests.answers import stream as answer_stream
from tests.api import QUOTE, START, MemoryRatings, calling, make_parts

JSON = {"content-type": "application/json"}
ASKED = {"question": "What does it cost?", "stream": False}
ANSWER = RatedAnswer(
    question="What does it cost?",
    query="What does it cost?",
    collections=("default",),
    text="It costs 12 euros [1].",
    outcome="answered",
    model="tiny",
    quotes=(Quote("default", "d1", "/docs/price.md", START, START + len(QUOTE), QUOTE),),
    passages=(FoundPassage("default", "d1", "/docs/price.md", START, START + len(QUOTE), 0.6),),
    verified=True,
)


async def rate(client: httpx2.AsyncClient, **given: Any) -> httpx2.Response:
    return await client.post("/v1/feedback", json=given)


async def ask(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post("/v1/answers", json=ASKED)).json()
    return answer


def only(parts: Parts) -> tuple[Thumb, RatedAnswer]:
    assert isinstance(parts.ratings, MemoryRatings)
    (kept,) = parts.ratings.kept.values()
    return kept


async def test_a_thumb_is_kept_with_what_the_server_knows_of_the_answer() -> None:
    parts = make_parts()
    async with calling(parts) as client:
        answer_id = (await ask(client))["id"]
        rated = await rate(client, answer_id=answer_id, rating="up", comment="Just so. 🚀")

    assert (rated.status_code, rated.json()) == (
        200,
        {"answer_id": answer_id, "user": "", "rating": "up", "comment": "Just so. 🚀"},
    )
    assert only(parts) == (Thumb(answer_id, "", "up", "Just so. 🚀"), ANSWER)


async def test_a_changed_mind_replaces_rating_and_comment_and_null_withdraws_them() -> None:
    parts = make_parts()
    async with calling(parts) as client:
        answer_id = (await ask(client))["id"]
        for rating, comment in (("up", "Yes"), ("down", None)):
            await rate(client, answer_id=answer_id, rating=rating, comment=comment)
        assert only(parts)[0] == Thumb(answer_id, "", "down", None)
        gone = await rate(client, answer_id=answer_id, rating=None)
        again = await rate(client, answer_id=answer_id, rating=None)

    assert parts.ratings.kept == {}
    assert gone.json() == again.json() == {**gone.json(), "rating": None, "comment": None}


async def test_the_ids_of_all_protocols_mean_the_same_answer() -> None:
    parts = make_parts()
    messages = [{"role": "user", "content": "What does it cost?"}]
    async with calling(parts) as client:
        chat = await client.post(
            "/v1/chat/completions", json={"model": "rag", "messages": messages}
        )
        response = await client.post("/v1/responses", json={"model": "rag", "input": "Price?"})
        for one, prefix in ((chat, "chatcmpl-"), (response, "resp_")):
            answer_id = one.json()["id"]
            rated = await rate(client, answer_id=answer_id, rating="up")
            assert prefix + rated.json()["answer_id"] == answer_id


async def test_an_answer_that_is_gone_is_taken_as_the_caller_got_it() -> None:
    parts = make_parts(runs=Runs(most=10, kept_bytes=0))
    async with calling(parts) as client:
        answer = await ask(client)
        lost = await rate(client, answer_id=answer["id"], rating="up")
        rated = await rate(client, answer_id=answer["id"], rating="up", answer=answer)
        later = await rate(client, answer_id=answer["id"], rating="down", comment="No.")

    assert lost.status_code == 404
    assert lost.json()["detail"].endswith("send it along as `answer`, as you got it")
    assert (rated.status_code, later.status_code) == (200, 200)
    thumb, kept = only(parts)
    assert (thumb.rating, kept.verified, kept.quotes) == ("down", False, ANSWER.quotes)
    assert kept.passages == ANSWER.passages


async def test_what_the_server_has_counts_before_what_the_caller_says() -> None:
    parts = make_parts()
    async with calling(parts) as client:
        answer = await ask(client)
        forged = {**answer, "answer": "It is free."}
        await rate(client, answer_id=answer["id"], rating="up", answer=forged)

    assert only(parts)[1] == ANSWER


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rating": "up"}, "answer_id"),
        ({"answer_id": "a"}, "rating"),
        ({"answer_id": "a", "rating": "good"}, "rating: Input should be 'up' or 'down'"),
        ({"answer_id": "a/b", "rating": "up"}, "answer_id: String should match pattern"),
        ({"answer_id": "a", "rating": "up", "coment": "x"}, "coment"),
        (
            {"answer_id": "a", "rating": "up", "comment": "x" * (MAX_COMMENT_CHARACTERS + 1)},
            "comment: String should have at most 4000 characters",
        ),
        (
            {"answer_id": "a", "rating": "up", "comment": "\ud800"},
            "comment: Input should be a valid string",
        ),
        ({"answer_id": "a", "rating": "up", "answer": {"question": "Q"}}, "answer.outcome"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(given: dict[str, Any], said: str) -> None:
    async with calling(make_parts()) as client:
        refused = await client.post("/v1/feedback", content=json.dumps(given), headers=JSON)

    assert refused.status_code == 422
    assert said in refused.json()["detail"]


async def test_a_key_is_needed_where_one_is_set() -> None:
    async with calling(make_parts(api_key="secret")) as client:
        refused = await rate(client, answer_id="a", rating="up")

    assert refused.status_code == 401


async def run_of(*events: Event) -> Run:
    run = begin(answer_stream(events))
    _ = [one async for one in run.read()]
    return run


async def test_what_another_model_took_back_is_not_kept() -> None:
    restarted = Restarted(model="other", detail="it broke off")
    run = await run_of(
        RETRIEVED, Delta(text="Wrong [1]"), CITED, restarted, Delta(text="No."), DONE
    )

    kept = read_run(run)

    assert kept is not None
    assert (kept.text, kept.quotes, kept.outcome, len(kept.passages)) == ("No.", (), "answered", 3)


async def test_an_answer_that_broke_off_can_be_rated_as_far_as_it_came() -> None:
    kept = read_run(await run_of(RETRIEVED, Delta(text="It costs"), FAILED))

    assert kept is not None
    assert (kept.text, kept.outcome, kept.model) == ("It costs", "failed", "")


async def test_an_answer_that_found_nothing_or_goes_on_cannot_be_rated() -> None:
    with pytest.raises(InvalidRequestError, match="the model was cut off"):
        read_run(await run_of(FAILED))
    with pytest.raises(InvalidRequestError, match="still being written"):
        read_run(Run(detaches=False, chat_id=None, grace_seconds=1))


async def test_of_an_answer_without_its_beginning_nothing_is_known() -> None:
    assert read_run(await run_of(Gap(first=1, last=3), Delta(text="…"), DONE)) is None


@pytest.fixture(params=["memory", "catalog"])
async def ratings(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ratings]:
    if request.param == "memory":
        yield MemoryRatings()
        return
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield CatalogRatings(catalog)


async def test_ratings_know_an_answer_from_its_first_thumb_to_its_withdrawal(
    ratings: Ratings,
) -> None:
    thumb = Thumb("a1", "ada", "up", None)

    assert not await ratings.rate(thumb, None)
    assert await ratings.rate(thumb, ANSWER)
    assert await ratings.rate(replace(thumb, rating="down"), None)
    assert not await ratings.rate(replace(thumb, rated_by="bob"), None)
    assert await ratings.withdraw("a1", rated_by="ada")
    assert not await ratings.withdraw("a1", rated_by="ada")
