from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel

from rag_api.event_log import EventLog
from rag_api.events import Delta, Done, Event, Gap, Restarted
from rag_api.runs import CANCELLED
from rag_api.wire.openai_responses import ResponsesEncoder
from rag_api.wire.responses_objects import RESPONSE_EVENTS, ResponseObject
from rag_api.wire.shown_text import RESTART_TEXT
from tests.answers import CITED, CLOSEST, DONE, FAILED, MISSED, PASSAGES, RETRIEVED, cited

HEAD = ResponseObject(id="resp_5f", created_at=5, model="rag", metadata={"chat": "1"})
ANSWERED = (RETRIEVED, Delta(text="It "), Delta(text="is [1]"), CITED, DONE)
RESTARTED = Restarted(model="other", detail="cut off")
TYPES = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]

ENDS = {"response.completed", "response.incomplete", "response.failed"}
OPENAIS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(ResponseStreamEvent)[0])
}

texts = st.builds(Delta, text=st.text(max_size=5))
ends = st.sampled_from([DONE, DONE.model_copy(update={"finish_reason": "length"}), FAILED])
middles = st.lists(st.one_of(texts, st.just(CITED), st.just(RESTARTED)), max_size=8)
answers = st.builds(lambda middle, end: [RETRIEVED, *middle, end], middles, ends)


def write(events: Sequence[Event], *, after: int = -1) -> bytes:
    return ResponsesEncoder(HEAD, EventLog(), after=after).encode(events)


def read(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream; each is named as its type says."""
    events = []
    for block in body.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    return events


def test_the_stream_has_openais_order() -> None:
    events = read(write(ANSWERED))

    assert [event["type"] for event in events] == TYPES
    assert [event["sequence_number"] for event in events] == list(range(len(TYPES)))


@settings(deadline=None)  # OpenAI's models are made when they are first used
@given(answers)
def test_every_event_is_what_openais_own_models_take(events: list[Event]) -> None:
    for event in read(write(events)):
        OPENAIS[event["type"]].model_validate(event, strict=True)


@given(answers, st.integers(-1, 30))
def test_a_replay_gives_what_a_cut_left_out(events: list[Event], cut: int) -> None:
    whole = read(write(events))

    assert read(write(events, after=cut)) == whole[cut + 1 :]


@given(answers, st.data())
def test_the_bytes_do_not_depend_on_what_became_ready_together(
    events: list[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    encoder = ResponsesEncoder(HEAD, EventLog())

    body = encoder.encode(events[:cut]) + encoder.encode(events[cut:])

    assert body == b"".join([*map(ResponsesEncoder(HEAD, EventLog()).encode, zip(events))])
    assert body == write(events)


@given(answers)
def test_the_deltas_are_the_final_text(events: list[Event]) -> None:
    written = read(write(events))

    deltas = [event["delta"] for event in written if "delta" in event]
    (last,) = [event for event in written if event["type"] in ENDS]
    output = last["response"]["output"]
    assert "".join(deltas) == "".join(part["text"] for item in output for part in item["content"])


@given(st.text())
def test_no_reader_finds_a_line_end_inside_the_data(text: str) -> None:
    body = write((RETRIEVED, Delta(text=text), DONE))

    lines = body.decode().splitlines()
    assert [line.split(":")[0] for line in lines] == ["event", "data", ""] * (len(lines) // 3)


def test_half_a_surrogate_pair_does_not_break_the_stream() -> None:
    events = read(write((RETRIEVED, Delta(text="a\ud83d"), DONE)))

    assert [event["delta"] for event in events if "delta" in event] == ["a?"]
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "a?"


def test_citations_are_events_and_stand_in_the_finished_item() -> None:
    events = read(write((RETRIEVED, Delta(text="It [2]"), cited(2), DONE)))

    added = [event["annotation"] for event in events if "annotation" in event]
    item = next(e["item"] for e in events if e["type"] == "response.output_item.done")
    assert [annotation["url"] for annotation in added] == [view.url for view in PASSAGES[:2]]
    assert {annotation["type"] for annotation in added} == {"url_citation"}
    assert item["content"][0]["annotations"] == added
    assert events[-1]["response"]["output"] == [item]


def test_ids_and_the_model_never_change() -> None:
    events = read(write(ANSWERED))

    heads = [event["response"] for event in events if "response" in event]
    assert {(head["id"], head["model"], head["created_at"]) for head in heads} == {
        ("resp_5f", "rag", 5)
    }
    assert {event["item_id"] for event in events if "item_id" in event} == {"msg_5f"}
    assert {event["item"]["id"] for event in events if "item" in event} == {"msg_5f"}


def test_every_response_has_all_of_openais_keys() -> None:
    (created, *_) = read(write(ANSWERED))

    assert set(created["response"]) == set(ResponseObject.model_fields)
    assert created["response"]["metadata"] == {"chat": "1"}
    assert created["response"]["output"] == []


@pytest.mark.parametrize(
    ("reason", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_an_answer_that_was_cut_short_is_incomplete(reason: str, told: str) -> None:
    done = Done.model_validate({**DONE.model_dump(), "finish_reason": reason})

    last = read(write((RETRIEVED, Delta(text="It"), done)))[-1]

    assert (last["type"], last["response"]["status"]) == ("response.incomplete", "incomplete")
    assert last["response"]["incomplete_details"] == {"reason": told}
    assert last["response"]["usage"]["total_tokens"] == 10


def test_a_failure_is_told_in_both_ways() -> None:
    *_, failed, error = read(write((RETRIEVED, Delta(text="It "), FAILED)))

    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["message"] == "the model was cut off"
    assert failed["response"]["output"][0]["status"] == "incomplete"
    assert (error["type"], error["code"]) == ("error", "ChatUnavailableError")
    assert error["error"]["message"] == error["message"] == "the model was cut off"


def test_a_cancelled_answer_is_told_to_those_who_read_it() -> None:
    *_, failed, error = read(write((RETRIEVED, Delta(text="It "), CANCELLED)))

    assert (failed["response"]["status"], failed["response"]["error"]) == ("cancelled", None)
    assert error["message"] == "the answer was cancelled"


def test_what_ends_before_it_began_is_created_first() -> None:
    types = [event["type"] for event in read(write((CANCELLED,)))]

    assert types == ["response.created", "response.in_progress", "response.failed", "error"]


def test_an_answer_without_text_has_an_empty_message() -> None:
    last = read(write((RETRIEVED, DONE)))[-1]

    assert last["response"]["output"][0]["content"][0]["text"] == ""


def test_a_new_beginning_is_announced_in_the_text() -> None:
    events = (RETRIEVED, Delta(text="No"), CITED, RESTARTED, Delta(text="It [1]"), CITED, DONE)

    last = read(write(events))[-1]

    (part,) = last["response"]["output"][0]["content"]
    assert part["text"] == f"No{RESTART_TEXT}It [1]"
    (annotation,) = part["annotations"]
    assert part["text"][annotation["start_index"] : annotation["end_index"]] == "[1]"


def test_a_replay_whose_beginning_is_gone_is_one_error() -> None:
    encoder = ResponsesEncoder(HEAD, EventLog(), after=6)

    body = encoder.encode((Gap(first=1, last=9),)) + encoder.encode((Delta(text="x"), DONE))

    (error,) = read(body)
    assert (error["type"], error["sequence_number"]) == ("error", 7)
    assert error["code"] == "EventsDroppedError"
    assert "9 events" in error["message"]


def test_all_events_are_described() -> None:
    described = [model.model_fields["type"].default for model in RESPONSE_EVENTS]

    assert set(TYPES) <= set(described)
    assert [name for name in described if name in TYPES] == list(dict.fromkeys(TYPES))


@pytest.mark.parametrize("text", [(), (Delta(text="They do not say."),)])
def test_the_nearest_misses_end_the_text(text: tuple[Delta, ...]) -> None:
    events = read(write((RETRIEVED, *text, MISSED)))

    shown = "".join(one.get("delta", "") for one in events)
    assert shown == "".join(one.text for one in text) + CLOSEST
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == shown
