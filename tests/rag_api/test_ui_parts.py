from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.events import Delta, Event, Gap, Restarted
from rag_api.runs import ABANDONED, CANCELLED
from rag_api.wire.shown_text import RESTART_TEXT
from rag_api.wire.ui_parts import NumberedEncoder, UIMessageEncoder, write_error
from tests.answers import CITED, DONE, FAILED, MISSED, RETRIEVED, cited

ANSWERED = (RETRIEVED, Delta(text="It "), Delta(text="is [1]"), CITED, DONE)
RESTARTED = Restarted(model="other", detail="gone")
KINDS = {
    "start": {"messageId"},
    "start-step": set(),
    "source-url": {"sourceId", "url", "title", "providerMetadata"},
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "data-citations": {"id", "data"},
    "finish-step": set(),
    "finish": {"messageMetadata"},
    "abort": set(),
    "error": {"errorText"},
}
"""Every part and its members: older readers refuse any other."""


END = {"type": "[DONE]"}


def read_parts(body: bytes) -> list[Any]:
    """The parts of a stream; its end mark, which is no JSON, counts as one."""
    lines = [line for line in body.decode().split("\n") if line.startswith("data: ")]
    data = [line.removeprefix("data: ") for line in lines]
    return [END if text == "[DONE]" else json.loads(text) for text in data]


def kinds(parts: Sequence[Any]) -> list[str]:
    return [part["type"] for part in parts]


def read_text(parts: Sequence[Any]) -> str:
    return "".join(part["delta"] for part in parts if "delta" in part)


def encode(*events: Event) -> list[Any]:
    return read_parts(UIMessageEncoder("run").encode(events))


def holds_null(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(holds_null, value.values()))
    return any(map(holds_null, value)) if isinstance(value, list) else value is None


endings = st.sampled_from([DONE, FAILED, CANCELLED, ABANDONED])
middles = st.lists(
    st.one_of(
        st.builds(Delta, text=st.text(min_size=1)),
        st.sampled_from([CITED, cited(2, at=9), RESTARTED]),
    )
)
answers = st.builds(lambda middle, end: (RETRIEVED, *middle, end), middles, endings)


def test_the_parts_have_the_sdks_order() -> None:
    assert kinds(encode(*ANSWERED)) == [
        *("start", "start-step", "source-url", "source-url", "source-url"),
        *("text-start", "text-delta", "text-delta", "text-end", "data-citations"),
        *("finish-step", "finish", "[DONE]"),
    ]


def test_the_message_is_named_by_its_run() -> None:
    assert encode(*ANSWERED)[0] == {"type": "start", "messageId": "msg_run"}


def test_sources_come_by_their_numbers_with_what_they_say() -> None:
    sources = [part for part in encode(*ANSWERED) if part["type"] == "source-url"]

    assert [source["sourceId"] for source in sources] == ["1", "2", "3"]
    assert [source["title"] for source in sources] == [
        "Guide: Start",
        "/docs/2.md",
        "Guide: Start (2)",
    ]
    assert all(source["url"].startswith("http") for source in sources)
    details = sources[0]["providerMetadata"]["rag"]
    assert (details["snippet"], details["score"]) == ("Text", 0.5)
    assert "page" not in details


def test_citations_say_where_the_text_points() -> None:
    (part,) = [part for part in encode(*ANSWERED) if part["type"] == "data-citations"]

    (citation,) = part["data"]
    assert (citation["number"], citation["quote"]) == (1, "Text")
    assert (citation["answer_start"], citation["answer_end"]) == (3, 6)


def test_the_end_tells_the_usage() -> None:
    metadata = encode(*ANSWERED)[-2]["messageMetadata"]

    assert metadata["usage"] == {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}
    assert (metadata["outcome"], metadata["finishReason"]) == ("answered", "stop")


def test_the_nearest_misses_are_metadata_without_a_null() -> None:
    metadata = encode(RETRIEVED, Delta(text="No."), MISSED)[-2]["messageMetadata"]

    (nearest,) = metadata["nearest"]
    assert (metadata["outcome"], nearest["number"]) == ("insufficient", 1)
    assert None not in nearest.values()


def test_an_answer_without_text_has_no_text_part() -> None:
    parts = encode(RETRIEVED, DONE)

    assert not any(kind.startswith(("text", "data")) for kind in kinds(parts))


def test_a_failure_ends_the_text_and_says_why() -> None:
    *_, end, error, done = encode(RETRIEVED, Delta(text="It "), FAILED)

    assert (end["type"], done) == ("text-end", END)
    assert error == {"type": "error", "errorText": "the model was cut off"}


def test_a_failure_before_everything_is_the_whole_stream() -> None:
    assert encode(FAILED) == read_parts(write_error("the model was cut off"))


def test_an_answer_stopped_on_demand_is_aborted_without_a_reason() -> None:
    assert encode(RETRIEVED, Delta(text="It "), CANCELLED)[-2:] == [{"type": "abort"}, END]


def test_an_answer_given_up_is_an_error() -> None:
    assert encode(RETRIEVED, ABANDONED)[-2]["errorText"] == ABANDONED.detail


def test_a_new_beginning_follows_the_void_text_and_moves_its_citations() -> None:
    right = (Delta(text="It is [1]"), cited(1, at=6), DONE)
    parts = encode(RETRIEVED, Delta(text="Wrong [1]"), CITED, RESTARTED, *right)

    (citations,) = [part["data"] for part in parts if part["type"] == "data-citations"]
    (citation,) = citations
    shown = read_text(parts)
    assert shown == f"Wrong [1]{RESTART_TEXT}It is [1]"
    assert shown[citation["answer_start"] : citation["answer_end"]] == "[1]"


@pytest.mark.parametrize("make", [UIMessageEncoder, NumberedEncoder])
def test_an_answer_whose_beginning_is_gone_is_an_error(make: type[UIMessageEncoder]) -> None:
    encoder = make("run")

    parts = read_parts(encoder.encode((Gap(first=1, last=9), Delta(text="rest"), DONE)))

    assert kinds(parts) == ["error", "[DONE]"]


@given(answers)
def test_no_part_holds_a_null_or_a_member_that_readers_do_not_know(
    answer: Sequence[Event],
) -> None:
    *parts, done = encode(*answer)

    assert done == END
    assert all(set(part) == {"type", *KINDS[part["type"]]} for part in parts)
    assert not holds_null(parts)


@given(answers, st.data())
def test_the_stream_does_not_depend_on_what_became_ready_together(
    answer: Sequence[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(answer)))

    for make in (UIMessageEncoder, NumberedEncoder):
        whole, halves = make("run").encode(answer), make("run")
        assert halves.encode(answer[:cut]) + halves.encode(answer[cut:]) == whole


@given(answers, st.data())
def test_any_cut_and_a_return_give_the_same_stream(
    answer: Sequence[Event], data: st.DataObject
) -> None:
    whole = NumberedEncoder("run").encode(answer)
    received = whole[: data.draw(st.integers(0, len(whole)))]
    complete = received[: received.rfind(b"\n\n") + 2] if b"\n\n" in received else b""

    rest = NumberedEncoder("run", after=complete.count(b"\nid: run:")).encode(answer)

    assert read_parts(complete + rest) == read_parts(whole)


def test_every_numbered_part_is_unnamed_and_the_first_says_when_to_come_back() -> None:
    blocks = NumberedEncoder("run").encode(ANSWERED).decode().removesuffix("\n\n").split("\n\n")

    assert blocks[0].startswith("retry: 1000\nid: run:1\ndata: ")
    assert [block.split("\n")[-2] for block in blocks] == [
        f"id: run:{place}" for place in range(1, len(blocks) + 1)
    ]


def test_a_reader_that_comes_back_is_told_again_when_to_come_back() -> None:
    rest = NumberedEncoder("run", after=12).encode(ANSWERED)

    assert rest == b"retry: 1000\nid: run:13\ndata: [DONE]\n\n"


@given(st.text())
def test_no_reader_finds_a_line_end_inside_a_part(text: str) -> None:
    failed = FAILED.model_copy(update={"detail": text})

    body = NumberedEncoder("run", after=5).encode((RETRIEVED, Delta(text=text), failed)).decode()

    fields = [line.split(":")[0] for line in body.splitlines()]
    assert fields == ["retry", *["id", "data", ""] * 5]
