from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.answer_errors import AnswerFailedError
from rag_api.events import Delta, Failed, Retrieved
from rag_api.wire.completed import complete
from rag_api.wire.native import Answer, NativeEncoder, view_answer
from tests.answers import CITED, DONE, FAILED, MISSED, RETRIEVED, stream


def read_events(body: bytes) -> list[tuple[str, str, dict[str, object]]]:
    """(event, id, data) of each block, read the way that the SSE specification says."""
    events = []
    for block in filter(None, body.decode().split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return events


def test_every_event_is_named_numbered_and_typed() -> None:
    encoder = NativeEncoder("run")

    body = encoder.encode((RETRIEVED,)) + encoder.encode((Delta(text="a"), CITED, DONE))

    events = read_events(body)
    assert [name for name, _, _ in events] == ["retrieved", "delta", "cited", "done"]
    assert [place for _, place, _ in events] == ["run:1", "run:2", "run:3", "run:4"]
    assert [data["type"] for _, _, data in events] == ["retrieved", "delta", "cited", "done"]


@given(st.text())
def test_a_delta_survives_the_wire(text: str) -> None:
    body = NativeEncoder("run").encode((Delta(text=text),))

    ((_, _, data),) = read_events(body)
    assert data == {"type": "delta", "text": text}


@given(st.text())
def test_no_reader_finds_a_line_end_inside_the_data(text: str) -> None:
    body = NativeEncoder("run").encode(
        (Delta(text=text), Failed(error="E", detail=text, retryable=False))
    )

    lines = body.decode().splitlines()
    assert [line.split(":")[0] for line in lines] == ["retry", *["event", "id", "data", ""] * 2]


def test_half_a_surrogate_pair_does_not_break_the_stream() -> None:
    body = NativeEncoder("run").encode((Delta(text="a\ud83d"),))

    ((_, _, data),) = read_events(body)
    assert data["text"] == "a?"


def test_events_say_all_that_their_models_hold() -> None:
    events = (RETRIEVED, CITED, DONE, FAILED)

    body = NativeEncoder("run").encode(events)

    sent = [data for _, _, data in read_events(body)]
    assert sent == [json.loads(event.model_dump_json()) for event in events]


async def test_a_whole_answer_joins_the_deltas_and_keeps_the_citations() -> None:
    events = stream((RETRIEVED,), (Delta(text="It "), Delta(text="is [1]"), CITED), (DONE,))

    whole = view_answer(await complete(events), run_id="run")

    assert whole.answer == "It is [1]"
    assert whole.citations == (CITED.citation,)
    assert (whole.id, whole.outcome, whole.model) == ("run", "answered", "tiny")
    assert whole.usage.input_tokens == 7


async def test_a_whole_answer_says_what_was_searched_and_what_came_closest() -> None:
    searched = {"queries": ("What is it?", "It?"), "rewritten_by": "rule", "warnings": ("Slow.",)}
    events = stream((RETRIEVED.model_copy(update=searched),), (MISSED,))

    whole = view_answer(await complete(events), run_id="run")

    assert whole.model_dump(include=set(searched)) == searched
    assert whole.nearest == MISSED.nearest


async def test_a_failed_answer_says_how_long_to_wait() -> None:
    failed = FAILED.model_copy(update={"retry_after_seconds": 60.0})

    with pytest.raises(AnswerFailedError) as raised:
        await complete(stream((RETRIEVED,), (failed,)))

    assert raised.value.retry_after_seconds == 60


async def test_a_failed_answer_has_no_whole() -> None:
    events = stream((RETRIEVED,), (Delta(text="It "),), (FAILED,))

    with pytest.raises(AnswerFailedError, match="cut off") as raised:
        await complete(events)

    assert raised.value.error == "ChatUnavailableError"
    assert raised.value.retryable


def test_a_whole_answer_has_all_its_members_and_what_it_searched_as_the_event_has_it() -> None:
    schema = Answer.model_json_schema(mode="serialization")

    assert set(schema["required"]) == set(schema["properties"])
    assert {*Retrieved.model_fields} - {*Answer.model_fields} == {"type", "empty"}
