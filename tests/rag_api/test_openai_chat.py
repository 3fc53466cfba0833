from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from rag_api.events import Delta, Event, Restarted
from rag_api.wire.completed import complete
from rag_api.wire.openai_chat import ChatEncoder, annotate, list_urls, view_completion
from tests.answers import (
    CITED,
    CLOSEST,
    DONE,
    FAILED,
    MISSED,
    PASSAGES,
    RETRIEVED,
    cited,
    stream,
)

ANSWERED = (RETRIEVED, Delta(text="It "), Delta(text="is [1]"), CITED, DONE)

NAMES = ["Guide: Start", "/docs/2.md", "Guide: Start (2)"]
# The openings that no marker ends, a marker, and text outside of ASCII.
PIECES = st.lists(st.sampled_from(["It ", "🚀[", "é]", "[1]", "[2]", "restart"]), max_size=12)


def encode(
    events: Sequence[Event], *, include_usage: bool = False, model: str = "rag"
) -> list[Any]:
    encoder = ChatEncoder("chatcmpl-1", model=model, created=5, include_usage=include_usage)
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


def test_a_rate_limit_in_mid_stream_is_told_as_one() -> None:
    limited = FAILED.model_copy(update={"error": "ChatRateLimitedError"})

    *_, last = encode((RETRIEVED, limited))

    assert last["error"]["type"] == "rate_limit_error"


def test_the_nth_annotation_is_that_of_the_marker_n() -> None:
    citations = [cited(1, at=2).citation, cited(3, at=9).citation, cited(1, at=20).citation]

    annotations = annotate(PASSAGES, citations)

    urls = [passage.url for passage in PASSAGES]
    assert [one.url_citation.url for one in annotations] == [*urls, urls[0]]
    assert [one.url_citation.start_index for one in annotations] == [2, 0, 9, 20]
    assert list_urls(annotations) == tuple(urls)


def write_answer(pieces: Sequence[str]) -> list[Event]:
    """The events of an answer that says the pieces, and begins anew where they say so."""
    events: list[Event] = [RETRIEVED]
    length = 0
    for piece in pieces:
        if piece == "restart":
            events.append(Restarted(model="b", detail="cut off"))
            length = 0
            continue
        events.append(Delta(text=piece))
        length += len(piece)
        if piece.startswith("["):
            events.append(cited(int(piece[1]), at=length - 3))
    return [*events, DONE]


@given(PIECES)
def test_an_annotation_is_where_the_marker_is_in_all_that_is_shown(pieces: Sequence[str]) -> None:
    chunks = encode(write_answer(pieces))[:-1]

    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    for annotation in chunks[-1]["choices"][0]["delta"].get("annotations", []):
        citation = annotation["url_citation"]
        number = citation["url"].removeprefix("http://here/v1/sources/d")[0]
        marker = text[citation["start_index"] : citation["end_index"]]
        assert marker in ("", f"[{number}]")


@given(PIECES, st.integers(1, 5))
def test_the_bytes_do_not_depend_on_what_became_ready_together(
    pieces: Sequence[str], size: int
) -> None:
    events = write_answer(pieces)
    whole, cut = (
        ChatEncoder("chatcmpl-1", model="rag-openwebui", created=5, include_usage=True)
        for _ in range(2)
    )

    parts = [cut.encode(events[place : place + size]) for place in range(0, len(events), size)]

    assert b"".join(parts) == whole.encode(events)


def test_open_webui_is_told_of_each_source_when_it_is_first_cited() -> None:
    again = cited(1, at=9)
    *chunks, finish, _ = encode(
        (RETRIEVED, Delta(text="[1]"), CITED, again, cited(3), DONE), model="rag-openwebui"
    )

    sources = [chunk["event"]["data"] for chunk in chunks if "event" in chunk]
    assert [source["metadata"][0]["source"] for source in sources] == ["d1-0", "d2-0", "d3-0"]
    assert [source["source"]["name"] for source in sources] == NAMES
    assert sources[0]["document"] == ["Text"]
    assert sources[0]["distances"] == [0.4]
    assert finish["choices"][0]["delta"] == {}


def test_open_webuis_events_stand_on_ordinary_chunks() -> None:
    chunks = encode(ANSWERED, model="rag-openwebui")[:-1]

    parsed = [ChatCompletionChunk.model_validate(chunk, strict=True) for chunk in chunks]

    (carrier,) = [chunk for chunk in parsed if hasattr(chunk, "event")]
    assert carrier.choices[0].delta.content == ""
    assert carrier.event["type"] == "source"


def test_a_source_always_has_a_title() -> None:
    annotations = annotate(PASSAGES, [cited(2).citation])

    assert [one.url_citation.title for one in annotations] == NAMES[:2]


def test_passages_of_one_document_have_different_titles() -> None:
    annotations = annotate(PASSAGES, [cited(1).citation, cited(3).citation])

    assert [one.url_citation.title for one in annotations] == NAMES


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


async def test_the_nearest_misses_end_the_text_streamed_and_whole() -> None:
    events = (RETRIEVED, Delta(text="They do not say."), MISSED)

    chunks = encode(events)[:-1]
    completed = await complete(stream(events))
    whole = view_completion(completed, completion_id="c", model="rag", created=1)

    shown = "".join(one["choices"][0]["delta"].get("content", "") for one in chunks)
    assert shown == whole.choices[0].message.content == f"They do not say.{CLOSEST}"
