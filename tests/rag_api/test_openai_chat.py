from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from rag_api.events import Delta, Event
from rag_api.wire.completed import complete
from rag_api.wire.openai_chat import ChatEncoder, annotate, list_urls, view_completion
from tests.answers import CITED, DONE, FAILED, PASSAGES, RETRIEVED, cited, stream

ANSWERED = (RETRIEVED, Delta(text="It "), Delta(text="is [1]"), CITED, DONE)


def encode(events: Sequence[Event], *, include_usage: bool = False) -> list[Any]:
    encoder = ChatEncoder("chatcmpl-1", model="rag", created=5, include_usage=include_usage)
    lines = encoder.encode(events).decode().removesuffix("\n\n").split("\n\n")
    assert all(line.startswith("data: ") for line in lines)
    data = [line.removeprefix("data: ") for line in lines]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def test_the_stream_has_openais_order() -> None:
    role, first, second, finish, end = encode(ANSWERED)

    assert role["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert first["choices"][0]["delta"] == {"content": "It "}
    assert second["choices"][0]["delta"] == {"content": "is [1]"}
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert end == "[DONE]"


def test_every_chunk_is_what_openais_own_models_take() -> None:
    chunks = encode(ANSWERED, include_usage=True)[:-1]

    parsed = [ChatCompletionChunk.model_validate(chunk, strict=True) for chunk in chunks]

    assert {(chunk.id, chunk.created, chunk.model) for chunk in parsed} == {
        ("chatcmpl-1", 5, "rag")
    }


def test_only_the_finishing_chunk_carries_citations() -> None:
    *before, finish, _ = encode(ANSWERED)

    (annotation,) = finish["choices"][0]["delta"]["annotations"]
    assert "content" not in finish["choices"][0]["delta"]
    assert annotation["type"] == "url_citation"
    assert annotation["url_citation"]["start_index"] == 3
    assert finish["citations"] == [PASSAGES[0].url]
    assert not any("citations" in chunk for chunk in before)


def test_an_answer_without_citations_has_an_empty_last_delta() -> None:
    finish = encode((RETRIEVED, Delta(text="No."), DONE))[-2]

    assert finish["choices"][0]["delta"] == {}


def test_the_usage_comes_last_and_only_when_asked_for() -> None:
    *chunks, usage, _ = encode(ANSWERED, include_usage=True)

    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert not any("usage" in chunk for chunk in chunks)


def test_a_failure_is_an_error_object_and_no_end_mark() -> None:
    *_, last = encode((RETRIEVED, Delta(text="It "), FAILED))

    assert last == {
        "error": {
            "message": "the model was cut off",
            "type": "server_error",
            "param": None,
            "code": "ChatUnavailableError",
        }
    }


def test_the_nth_url_is_that_of_the_marker_n() -> None:
    citations = [cited(3, at=9).citation, cited(1, at=2).citation, cited(3, at=20).citation]

    annotations = annotate(PASSAGES, citations)

    assert list_urls(annotations) == tuple(passage.url for passage in PASSAGES)
    places = [one.url_citation.start_index for one in annotations]
    assert places == [2, 0, 9, 20]


def test_a_source_always_has_a_title() -> None:
    annotations = annotate(PASSAGES, [cited(2).citation])

    assert [one.url_citation.title for one in annotations] == ["Guide", "/docs/2.md"]


@given(st.text())
def test_a_delta_survives_the_wire(text: str) -> None:
    (chunk,) = encode((Delta(text=text),))

    assert chunk["choices"][0]["delta"] == {"content": text}


async def test_a_whole_completion_is_what_openais_own_models_take() -> None:
    completed = await complete(stream(ANSWERED))

    whole = view_completion(completed, completion_id="chatcmpl-1", model="rag", created=5)

    parsed = ChatCompletion.model_validate_json(whole.model_dump_json(), strict=True)
    assert parsed.choices[0].message.content == "It is [1]"
    assert parsed.choices[0].message.annotations is not None
    assert parsed.usage is not None
    assert parsed.usage.total_tokens == 10
