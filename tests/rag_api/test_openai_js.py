"""OpenAI's package for JavaScript, and AI SDK's provider for its protocol, against the server."""

from __future__ import annotations

from typing import Any

from rag_core.errors import ChatUnavailableError
from tests.api import ScriptedChat, make_app, make_parts
from tests.node import run_script
from tests.servers import serving


async def complete(chat: ScriptedChat) -> Any:
    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        return await run_script("openai.mjs", url=f"http://127.0.0.1:{port}/v1")


async def test_a_streamed_completion_is_whole() -> None:
    told = await complete(ScriptedChat())

    (choice,) = told["completion"]["choices"]
    assert "".join(told["deltas"]) == choice["message"]["content"] == "It costs 12 euros [1]."
    assert choice["finish_reason"] == "stop"
    (annotation,) = choice["message"]["annotations"]
    assert annotation["url_citation"]["title"].startswith("Prices & more")
    assert told["completion"]["usage"]["total_tokens"] == 25


async def test_the_provider_finds_text_and_sources() -> None:
    told = await complete(ScriptedChat())

    assert told["provider"]["text"] == "It costs 12 euros [1]."
    assert [source["title"][:13] for source in told["provider"]["sources"]] == ["Prices & more"]


async def test_a_failure_in_mid_answer_is_raised() -> None:
    told = await complete(ScriptedChat(failure=ChatUnavailableError("the model was cut off")))

    assert told["completion"] is None
    assert told["error"]["name"] == "APIError"
    assert told["error"]["message"] == "the model was cut off"
