from __future__ import annotations

import pytest

from rag_api.answer_errors import AnswerFailedError
from rag_api.routes.tools import TOOLS, ask, fetch, read_arguments, search
from rag_api.wire.mcp_objects import AskArguments
from rag_core.errors import (
    ChatUnavailableError,
    CollectionNotFoundError,
    DocumentNotFoundError,
    InvalidRequestError,
    RequestTooLargeError,
)
from tests.api import MemoryLibrary, ScriptedChat, make_parts

BASE = "https://rag.example"
URL = f"{BASE}/v1/sources/d1-0#passage"


async def test_what_search_finds_can_be_fetched() -> None:
    parts = make_parts()

    found = await search({"query": "price"}, parts, BASE)
    fetched = await fetch({"id": found.results[0].id}, parts, BASE)

    assert (found.results[0].url, fetched.url) == (URL, URL)
    assert "It costs" in fetched.metadata["passage"]


async def test_an_answer_comes_with_its_sources() -> None:
    answer = await ask({"question": "What does it cost?"}, make_parts(), BASE)

    (source,) = answer.sources
    assert answer.answer == "It costs 12 euros [1]."
    assert (source.number, source.url, source.quote) == (1, URL, "It costs <b>12</b> euros.")
    assert (answer.outcome, answer.finish_reason) == ("answered", "stop")


async def test_an_answer_without_a_citation_has_no_sources() -> None:
    parts = make_parts(chat=ScriptedChat(texts=["I do not know."]))

    answer = await ask({"question": "Why?"}, parts, BASE)

    assert (answer.sources, answer.outcome) == ((), "insufficient")


@pytest.mark.parametrize("collection", [None, "", "default"])
async def test_the_usual_collection_answers_when_none_is_named(collection: str | None) -> None:
    answer = await ask({"question": "Why?", "collection": collection}, make_parts(), BASE)

    assert answer.outcome == "answered"


async def test_an_unknown_collection_and_an_unknown_passage_are_not_found() -> None:
    with pytest.raises(CollectionNotFoundError):
        await ask({"question": "Why?", "collection": "other"}, make_parts(), BASE)
    with pytest.raises(DocumentNotFoundError):
        await fetch({"id": "none-0"}, make_parts(), BASE)


async def test_a_failed_answer_raises_its_failure() -> None:
    parts = make_parts(chat=ScriptedChat(failure=ChatUnavailableError("cut off")))

    with pytest.raises(AnswerFailedError, match="cut off"):
        await ask({"question": "Why?"}, parts, BASE)


async def test_a_query_over_the_limit_is_refused() -> None:
    with pytest.raises(RequestTooLargeError):
        await search({"query": "x" * 32_001}, make_parts(), BASE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "question: Field required"),
        ({"question": 5}, "question: Input should be a valid string"),
        ({"question": " "}, "question: must hold more than white space"),
        ({"question": "\ud800", "collection": 1}, "question: must be .*; collection: Input"),
    ],
)
def test_wrong_arguments_are_told_what_is_wrong(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"^{said}"):
        read_arguments(AskArguments, arguments)


async def test_what_a_client_adds_of_itself_is_ignored() -> None:
    library = MemoryLibrary()

    await search({"query": "price", "sessionId": "7"}, make_parts(library=library), BASE)

    assert library.queries == ["price"]


def test_every_tool_tells_a_model_what_it_is_for() -> None:
    assert [tool.name for tool in TOOLS] == ["search", "fetch", "ask"]
    assert all(tool.title and tool.description.endswith(".") for tool in TOOLS)
