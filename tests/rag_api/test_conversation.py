from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api import MemoryLibrary, ScriptedChat, calling, make_parts

JSON = {"content-type": "application/json"}
PREMIUM = {"role": "user", "content": "What is the premium plan?"}
PRICE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Price?"}]}


async def ask(*bodies: dict[str, Any], library: MemoryLibrary, chat: ScriptedChat) -> list[Any]:
    """Send the requests one after the other; each goes on from the one before it."""
    answers: list[Any] = []
    async with calling(make_parts(library=library, chat=chat)) as client:
        for body in bodies:
            more = {"previous_response_id": answers[-1]["id"]} if answers else {}
            content = json.dumps({**body, **more})
            response = await client.post("/v1/responses", content=content, headers=JSON)
            assert response.status_code == 200
            answers.append(response.json())
    return answers


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ("Price?", "Price?"),
        ([PRICE], "Price?"),
        ([PREMIUM, PRICE], "premium plan: Price?"),
        (
            [
                {"role": "developer", "content": "Be kind."},
                {"type": "reasoning", "summary": []},
                {"type": "function_call_output", "call_id": "1", "output": "12"},
                {"role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
                {"role": "user", "content": [{"type": "input_image"}, {"text": "Price?"}]},
            ],
            "Price?",
        ),
        ("Price\ud83d?", "Price??"),
    ],
)
async def test_input_of_every_form_is_read(given: object, query: str) -> None:
    library = MemoryLibrary()

    await ask({"input": given}, library=library, chat=ScriptedChat())

    assert library.queries == [query]


async def test_a_response_goes_on_from_the_one_before_it() -> None:
    library, chat = MemoryLibrary(), ScriptedChat()

    first, second = await ask({"input": [PREMIUM]}, {"input": "Price?"}, library=library, chat=chat)

    assert library.queries[-1] == "premium plan: Price?"
    assert second["previous_response_id"] == first["id"]
    roles = [message.role for message in chat.prompts[-1]]
    assert roles[-3:] == ["user", "assistant", "user"]


async def test_a_chain_of_responses_keeps_its_beginning() -> None:
    chat = ScriptedChat()

    await ask(
        {"input": [{"role": "user", "content": "Zero?"}, PREMIUM]},
        {"input": "Price?"},
        {"input": "And then?"},
        library=MemoryLibrary(),
        chat=chat,
    )

    said = [message.content for message in chat.prompts[-1] if message.role == "user"]
    assert said[:3] == ["Zero?", "What is the premium plan?", "Price?"]


async def test_an_unknown_previous_response_is_refused_as_by_openai() -> None:
    async with calling(make_parts()) as client:
        body = {"input": "Price?", "previous_response_id": "resp_0"}
        response = await client.post("/v1/responses", json=body)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "previous_response_not_found"


async def test_a_question_is_not_taken_from_the_response_before() -> None:
    async with calling(make_parts()) as client:
        first = (await client.post("/v1/responses", json={"input": "Price?"})).json()
        body = {"input": [], "previous_response_id": first["id"]}
        response = await client.post("/v1/responses", json=body)

    assert response.status_code == 400


async def test_what_clients_send_besides_is_ignored() -> None:
    chat = ScriptedChat()
    besides = {
        "tools": [{"type": "web_search"}],
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "background": True,
        "max_output_tokens": 77,
        "instructions": "Rhyme.",
        "temperature": 2,
    }

    (answer,) = await ask({"input": "Price?", **besides}, library=MemoryLibrary(), chat=chat)

    assert chat.max_tokens == 77
    assert (answer["instructions"], answer["max_output_tokens"]) == ("Rhyme.", 77)
    assert answer["tools"] == []
    assert not any("Rhyme." in message.content for message in chat.prompts[0])


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": 5}, 400, "input"),
        ({"input": ["Price?"]}, 400, "input.0"),
        ({"input": " "}, 400, None),
        ({"input": "?", "metadata": {"a": {}}}, 400, "metadata.a"),
        ({"input": "?", "instructions": "\ud83d"}, 400, "instructions"),
        ({"input": "?", "model": "none"}, 404, None),
        ({"input": "?", "collection": "other"}, 404, None),
        ({"input": "x" * 32_001}, 413, None),
    ],
)
async def test_errors_have_openais_shape(body: object, status: int, param: str | None) -> None:
    async with calling(make_parts()) as client:
        content = json.dumps(body)
        response = await client.post("/v1/responses", content=content, headers=JSON)

    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param


async def test_what_is_kept_of_a_request_is_weighed() -> None:
    parts = make_parts()

    async with calling(parts) as client:
        for text in ("", "x" * 10_000):
            await client.post("/v1/responses", json={"input": "Price?", "instructions": text})

    light, heavy = (run.log.size_bytes for run in parts.runs._runs.values())
    assert heavy - light == 10_000
