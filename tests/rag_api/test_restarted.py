"""A model that breaks off in mid-answer and the fallback that begins anew, as clients see them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag_api.answer import ModelAnswerer
from rag_api.parts import Parts
from rag_core.errors import ChatRejectedError, ChatUnavailableError
from rag_core.tokens import open_counter
from tests.api import ScriptedChat, calling, make_parts
from tests.rag_api.test_native import read_events

ASKED = {"question": "What does it cost?"}
CHAT = {"model": "rag", "messages": [{"role": "user", "content": "What does it cost?"}]}
ANSWER = "It costs 12 euros [1]."
CUT = ChatUnavailableError("the connection was cut")


def parts_with_fallback(
    *, says: tuple[str, ...], failure: Exception = CUT, other: Exception | None = None
) -> Parts:
    """The model says this and fails; the fallback answers, unless it fails too."""
    parts = make_parts()
    counter = open_counter("estimate")
    texts = () if other else ("It costs 12 euros [1]", ".")
    fallback = ModelAnswerer(ScriptedChat(texts, other, model="small"), counter, 8192)
    model = ModelAnswerer(ScriptedChat(says, failure), counter, 8192, fallback)
    return replace(parts, answerer=model)


def broken() -> Parts:
    """The model breaks off behind a citation."""
    return parts_with_fallback(says=("🚀 Perhaps [1] ",))


async def test_the_native_stream_says_what_is_void_and_who_answers_now() -> None:
    async with calling(broken()) as client:
        response = await client.post("/v1/answers", json=ASKED)

    events = read_events(response.content)
    names = [name for name, _, _ in events]
    place = names.index("restarted")
    assert names[:place] == ["retrieved", "delta", "cited", "delta"]
    assert events[place][2] == {
        "type": "restarted",
        "model": "small",
        "detail": "the connection was cut",
    }
    text = "".join(data["text"] for name, _, data in events[place:] if name == "delta")
    cited = next(data["citation"] for name, _, data in events[place:] if name == "cited")
    assert text == ANSWER
    assert text[cited["answer_start"] : cited["answer_end"]] == "[1]"
    assert events[-1][2]["model"] == "small"


async def test_a_whole_answer_holds_only_what_counts() -> None:
    async with calling(broken()) as client:
        whole = (await client.post("/v1/answers", json={**ASKED, "stream": False})).json()

    assert (whole["answer"], whole["model"], len(whole["citations"])) == (ANSWER, "small", 1)


async def test_openais_stream_shows_where_the_answer_begins_anew() -> None:
    async with calling(broken()) as client:
        response = await client.post("/v1/chat/completions", json={**CHAT, "stream": True})

    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: {")]
    choices = [json.loads(line)["choices"][0] for line in lines]
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    (annotation,) = choices[-1]["delta"]["annotations"]
    place = annotation["url_citation"]
    assert text.startswith("🚀 Perhaps [1] \n\n---\n")
    assert text.endswith(ANSWER)
    assert text[place["start_index"] : place["end_index"]] == "[1]"
    assert place["start_index"] > text.index("---")


async def test_openais_whole_answer_holds_only_what_counts() -> None:
    async with calling(broken()) as client:
        message = (await client.post("/v1/chat/completions", json=CHAT)).json()["choices"][0]

    assert message["message"]["content"] == ANSWER
    assert len(message["message"]["annotations"]) == 1


async def test_a_replay_of_a_restarted_answer_is_the_same_to_the_byte() -> None:
    async with calling(broken()) as client:
        first = await client.post("/v1/answers", json=ASKED)
        run_id = read_events(first.content)[0][1].partition(":")[0]
        again = await client.get(f"/v1/answers/{run_id}/events")

    assert again.content == first.content


@pytest.mark.parametrize("failure", [CUT, ChatRejectedError("a wrong key")])
async def test_a_model_that_says_nothing_leaves_no_trace(failure: Exception) -> None:
    async with calling(parts_with_fallback(says=(), failure=failure)) as client:
        response = await client.post("/v1/answers", json=ASKED)

    names = [name for name, _, _ in read_events(response.content)]
    assert "restarted" not in names
    assert names[-1] == "done"


async def test_when_both_fail_the_status_is_that_of_the_last_and_both_are_named() -> None:
    parts = parts_with_fallback(says=("Per",), other=ChatRejectedError("the other: a wrong key"))

    async with calling(parts) as client:
        response = await client.post("/v1/answers", json={**ASKED, "stream": False})

    assert response.status_code == 502
    assert response.json() == {
        "error": "ChatRejectedError",
        "detail": "the other: a wrong key; before it, the connection was cut",
    }
