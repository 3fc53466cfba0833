"""A filter reaches the search in every protocol, and a wrong one is told where."""

from __future__ import annotations

import json

import pytest

from rag_api.routes.tools import ask
from rag_core.errors import InvalidRequestError
from rag_core.filters import read_filter
from tests.api import MemoryLibrary, calling, make_parts

FILTER: dict[str, object] = {
    "type": "and",
    "filters": [
        {"type": "gte", "key": "metadata.year", "value": 2020},
        {"type": "not", "filter": {"type": "in", "key": "title", "value": ["a", "b"]}},
    ],
}
RETRIEVAL = {"filter": FILTER}
MESSAGES = [{"role": "user", "content": "What does it cost?"}]
UI_MESSAGES = [{"role": "user", "parts": [{"type": "text", "text": "What does it cost?"}]}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/answers", {"question": "What?"}),
        ("/v1/search", {"query": "What?"}),
        ("/api/ask", {"q": "What?"}),
        ("/v1/chat/completions", {"model": "rag", "messages": MESSAGES}),
        ("/v1/responses", {"model": "rag", "input": "What?"}),
        ("/api/chat", {"messages": UI_MESSAGES}),
    ],
)
async def test_every_protocol_takes_a_filter(path: str, body: dict[str, object]) -> None:
    library = MemoryLibrary()

    async with calling(make_parts(library=library)) as client:
        response = await client.post(path, json={**body, "retrieval": RETRIEVAL})

    assert response.status_code == 200
    assert [one.filter for one in library.wanted] == [read_filter(FILTER)]


async def test_a_url_carries_a_filter_as_json() -> None:
    library = MemoryLibrary()

    async with calling(make_parts(library=library)) as client:
        asked = {"q": "What?", "retrieval": json.dumps(RETRIEVAL)}
        response = await client.get("/api/ask", params=asked)

    assert response.status_code == 200
    assert library.wanted[0].filter == read_filter(FILTER)


async def test_the_tool_that_answers_takes_a_filter() -> None:
    library = MemoryLibrary()
    parts = make_parts(library=library)

    await ask({"question": "What?", "filter": FILTER}, parts, "https://here")

    assert [one.filter for one in library.wanted] == [read_filter(FILTER)]


async def test_a_tool_says_what_is_wrong_with_a_filter() -> None:
    wrong = {"type": "eq", "key": "titel", "value": "x"}

    with pytest.raises(InvalidRequestError, match="there is no field 'titel'"):
        await ask({"question": "What?", "filter": wrong}, make_parts(), "https://here")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "eq", "key": "titel", "value": "x"}, "there is no field 'titel'"),
        ({"type": "eq", "key": "title", "value": 5}, 'title is a text: write \\"5\\"'),
        ({"type": "like", "key": "title", "value": "x"}, "'like'"),
        ("title = x", "retrieval.filter"),
    ],
)
async def test_a_wrong_filter_is_refused_with_its_place(given: object, said: str) -> None:
    async with calling(make_parts()) as client:
        body = {"query": "What?", "retrieval": {"filter": given}}
        response = await client.post("/v1/search", json=body)

    assert response.status_code == 422
    assert "retrieval.filter" in response.text
    assert said in response.text


async def test_a_fault_in_a_filter_is_placed_as_the_filter_is_written() -> None:
    wrong = {"type": "eq", "key": "titel", "value": "x"}
    both = {"type": "and", "filters": [wrong, wrong]}

    async with calling(make_parts()) as client:
        body = {"query": "What?", "retrieval": {"filter": both}}
        response = await client.post("/v1/search", json=body)

    places = [fault.split(": ")[0] for fault in response.json()["detail"].split("; retrieval")]
    assert places == ["retrieval.filter.filters.0.key", ".filter.filters.1.key"]


@pytest.mark.parametrize("depth", [17, 900, 50_000])
async def test_a_filter_nested_without_end_is_refused(depth: int) -> None:
    opened, closed = '{"type": "not", "filter": ' * depth, "}" * depth
    inner = '{"type": "exists", "key": "title"}'
    body = f'{{"query": "What?", "retrieval": {{"filter": {opened}{inner}{closed}}}}}'

    async with calling(make_parts()) as client:
        headers = {"content-type": "application/json"}
        response = await client.post("/v1/search", content=body, headers=headers)

    assert response.status_code in (400, 422)
    assert response.json()["error"] == "InvalidRequestError"
