"""The tools as the official client of the protocol sees them, in both generations of it."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from mcp import Client, MCPError, types
from mcp.client.streamable_http import streamable_http_client

from rag_api.index_library import IndexLibrary
from rag_api.parts import Parts
from rag_core.errors import ChatUnavailableError, VectorsUnavailableError
from tests.api import DOCUMENT, MemoryLibrary, ScriptedChat, calling, make_app, make_parts
from tests.rag_api.test_index_library import library as index_library  # noqa: F401 - a fixture
from tests.servers import serving

QUESTION = {"question": "What does it cost?"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"accept": "application/json, text/event-stream"}

# The handshake of 2025, and the requests of 2026 that stand for themselves.
both = pytest.mark.parametrize("mode", ["legacy", "auto"])


@asynccontextmanager
async def connected(parts: Parts, mode: str, key: str | None = None) -> AsyncIterator[Client]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with (
        serving(make_app(parts), lifespan="on") as port,
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(
            streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http), mode=mode
        ) as client,
    ):
        yield client


def read(result: types.CallToolResult) -> dict[str, Any]:
    """The one text item of a result, which holds the same JSON as its structured content."""
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    given: dict[str, Any] = json.loads(item.text)
    assert not result.is_error
    assert given == result.structured_content
    return given


def failure(result: types.CallToolResult) -> str:
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    assert result.is_error
    return item.text


@both
async def test_a_client_learns_who_answers(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        assert client.protocol_version == {"legacy": "2025-11-25", "auto": "2026-07-28"}[mode]
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("rag", "0.1.0")
        assert client.server_capabilities == types.ServerCapabilities(
            tools=types.ToolsCapability(list_changed=False)
        )
        assert "search and fetch" in (client.instructions or "")


@both
async def test_search_and_fetch_take_exactly_one_string(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        search, fetch, ask = (await client.list_tools()).tools

    assert [tool.name for tool in (search, fetch, ask)] == ["search", "fetch", "ask"]
    for tool, argument in ((search, "query"), (fetch, "id"), (ask, "question")):
        assert tool.input_schema["required"] == [argument]
        assert tool.input_schema["properties"][argument]["type"] == "string"
    assert set(search.input_schema["properties"]) == {"query"}
    assert set(fetch.input_schema["properties"]) == {"id"}
    assert set(ask.input_schema["properties"]) == {"question", "collection", "filter"}


@both
async def test_every_tool_only_reads_and_has_valid_schemas(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        tools = (await client.list_tools()).tools

    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert tool.annotations.destructive_hint is False
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema or {})


@both
async def test_search_gives_ids_titles_and_urls_and_nothing_else(mode: str) -> None:
    async with connected(make_parts(public_url="https://rag.example"), mode) as client:
        found = read(await client.call_tool("search", {"query": "price"}))

    assert found == {
        "results": [
            {
                "id": "d1-0",
                "title": "Prices & more > Price",
                "url": "https://rag.example/v1/sources/d1-0#passage",
            }
        ]
    }


@both
async def test_every_id_of_search_can_be_fetched(
    mode: str,
    index_library: IndexLibrary,  # noqa: F811 - a fixture
) -> None:
    async with connected(replace(make_parts(), library=index_library), mode) as client:
        found = read(await client.call_tool("search", {"query": "cats and dogs"}))["results"]
        fetched = [read(await client.call_tool("fetch", {"id": one["id"]})) for one in found]

    assert len(found) == 1  # its two chunks touch
    assert [one["id"] for one in fetched] == [one["id"] for one in found]
    assert {one["metadata"]["passage"] for one in fetched} < {"Cats purr.", "Dogs bark."}
    assert all(word in fetched[0]["text"] for word in ("Cats purr.", "Dogs bark."))
    assert set(fetched[0]) == {"id", "title", "text", "url", "metadata"}


@both
async def test_a_link_leads_to_the_passage_that_it_is_given_for(mode: str) -> None:
    async with connected(make_parts(api_key="secret"), mode, key="secret") as client:
        fetched = read(await client.call_tool("fetch", {"id": "d1-0"}))
        async with httpx2.AsyncClient() as browser:
            page = await browser.get(fetched["url"])

    assert page.status_code == 200
    assert "It costs" in page.text


@both
async def test_ask_answers_with_its_sources(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        answer = read(await client.call_tool("ask", QUESTION))

    (source,) = answer["sources"]
    assert answer["answer"] == "It costs 12 euros [1]."
    assert (source["number"], source["title"], source["page"]) == (1, "Prices & more", 2)
    assert DOCUMENT.text[source["start"] : source["end"]] == source["quote"]
    assert source["url"].startswith("http://127.0.0.1:")
    assert (source["document_id"], source["chunk_id"]) == ("d1", "d1-0")


@both
async def test_odd_line_ends_arrive_as_they_are(mode: str) -> None:
    text = DOCUMENT.text + "a\u2028b\u2029c\x85d\r\ne\rf\x0bg\x00🚀"
    library = MemoryLibrary(document=DOCUMENT.model_copy(update={"text": text}))

    async with connected(make_parts(library=library), mode) as client:
        assert read(await client.call_tool("fetch", {"id": "d1-0"}))["text"] == text


@both
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search", {}, "query: Field required"),
        ("search", {"query": " "}, "query: must hold more than white space"),
        ("fetch", {"id": "none-0"}, "no document or chunk 'none-0': it was removed, replaced or"),
        ("ask", {**QUESTION, "collection": "other"}, "no collection 'other'; there are: 'default'"),
    ],
)
async def test_an_error_is_a_sentence_that_a_model_can_act_on(
    mode: str, name: str, arguments: dict[str, str], said: str
) -> None:
    async with connected(make_parts(), mode) as client:
        assert failure(await client.call_tool(name, arguments)).startswith(said)


@both
async def test_a_part_that_does_not_answer_is_told_and_logged_in_one_line(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    library = MemoryLibrary(failure=VectorsUnavailableError("Chroma does not answer"))

    with caplog.at_level(logging.WARNING, "rag_api"):
        async with connected(make_parts(library=library), mode) as client:
            assert failure(await client.call_tool("ask", QUESTION)) == "Chroma does not answer"

    assert caplog.messages == ["tool ask: Chroma does not answer"]


@both
async def test_an_answer_that_fails_is_told(mode: str) -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    async with connected(make_parts(chat=chat), mode) as client:
        assert failure(await client.call_tool("ask", QUESTION)) == "the model was cut off"


@both
async def test_what_nobody_foresaw_tells_nothing_of_our_insides(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    library = MemoryLibrary(failure=KeyError("secret"))

    async with connected(make_parts(library=library), mode) as client:
        said = failure(await client.call_tool("search", {"query": "x"}))

    assert said == "something that nobody foresaw; it is in the server's log"
    assert "KeyError: 'secret'" in caplog.text


@both
async def test_an_unknown_tool_is_an_error_of_the_protocol(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        with pytest.raises(MCPError, match="no tool 'write'; there are: 'search'") as raised:
            await client.call_tool("write", {})

    assert raised.value.code == types.INVALID_PARAMS


@both
async def test_a_call_that_is_cancelled_closes_the_request_to_the_model(mode: str) -> None:
    chat = ScriptedChat(hangs=True)

    async with connected(make_parts(chat=chat), mode) as client:
        with pytest.raises(MCPError, match="timed out"):
            await client.call_tool("ask", QUESTION, read_timeout_seconds=0.5)
        await asyncio.wait_for(chat.closed.wait(), 10)
        assert read(await client.call_tool("search", {"query": "price"}))["results"]


@pytest.mark.parametrize("version", [None, "2025-11-25"])
async def test_a_client_that_leaves_closes_the_request_to_the_model(version: str | None) -> None:
    chat = ScriptedChat(hangs=True)
    call = {**PING, "method": "tools/call", "params": {"name": "ask", "arguments": QUESTION}}
    headers = {**ACCEPT, **({"mcp-protocol-version": version} if version else {})}

    async with (
        serving(make_app(make_parts(chat=chat)), lifespan="on") as port,
        httpx2.AsyncClient() as client,
    ):
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(
                f"http://127.0.0.1:{port}/mcp", json=call, headers=headers, timeout=0.5
            )
        await asyncio.wait_for(chat.closed.wait(), 10)


async def test_nobody_can_cancel_the_calls_of_another() -> None:
    chat = ScriptedChat(hangs=True)
    call = {**PING, "method": "tools/call", "params": {"name": "ask", "arguments": QUESTION}}
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}

    async with (
        serving(make_app(make_parts(chat=chat)), lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=ACCEPT) as client,
        client.stream("POST", "/mcp", json=call, headers={"mcp-session-id": "mine"}),
        client.stream("POST", "/mcp", json=call),
    ):
        while len(chat.prompts) < 2:  # noqa: ASYNC110 - the fake has no event for it
            await asyncio.sleep(0.01)
        for session in ({}, {"mcp-session-id": "guessed"}):
            acknowledged = await client.post("/mcp", json=cancel, headers=session)
            assert acknowledged.status_code == 202
        assert not chat.closed.is_set()


@both
async def test_many_clients_are_answered_at_once(mode: str) -> None:
    async with connected(make_parts(), mode) as client:
        calls = [client.call_tool("ask", QUESTION) for _ in range(20)]
        answers = [read(result)["answer"] for result in await asyncio.gather(*calls)]

    assert set(answers) == {"It costs 12 euros [1]."}


@both
async def test_a_wrong_key_lets_no_client_in(mode: str) -> None:
    with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
        async with connected(make_parts(api_key="secret"), mode, key="wrong"):
            pass


async def test_each_client_of_2025_is_given_a_name_of_its_own() -> None:
    async with calling(make_parts()) as client:
        answers = [
            await client.post("/mcp", json=PING, headers={"host": "localhost", **ACCEPT, **more})
            for more in ({}, {}, {"mcp-session-id": "x"}, {"mcp-protocol-version": "2026-07-28"})
        ]

    names = [answer.headers.get("mcp-session-id") for answer in answers]
    assert len(set(names)) == 3
    assert names[2:] == [None, None]


def test_the_programs_start_without_the_sdk() -> None:
    code = "import sys, rag_api.cli, ingest.cli; print('mcp' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert printed.strip() == b"False"
