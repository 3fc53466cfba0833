from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.chat import Finish, Usage
from rag_api.chat.chunks import CompletionReader
from rag_core.errors import ChatUnavailableError
from tests.upstream import ANSWER, END, USAGE, chunk


@given(texts=st.lists(st.text(min_size=1)), cuts=st.lists(st.integers(0, 4000)))
def test_however_the_bytes_are_cut_the_text_is_the_same(texts: list[str], cuts: list[int]) -> None:
    data = b"".join([*map(chunk, texts), *ANSWER[2:]])
    places = [0, *sorted(cuts), len(data)]
    reader = CompletionReader("it")

    pieces = [reader.feed(data[a:b]) for a, b in pairwise(places)]

    assert "".join(pieces) == "".join(texts)
    assert reader.finish() == Finish("stop", Usage(7, 2))


def test_a_character_cut_in_two_is_put_together() -> None:
    data = 'data: {"choices": [{"delta": {"content": "é"}}]}\n'.encode()
    cut = data.index("é".encode()) + 1
    reader = CompletionReader("it")

    assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == "é"


@pytest.mark.parametrize(
    ("reason", "read"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("eos", "stop")],
)
def test_reasons_are_passed_on_and_foreign_ones_mean_stop(reason: str, read: str) -> None:
    reader = CompletionReader("it")

    reader.feed(chunk("x", reason=reason))

    assert reader.finish() == Finish(read, None)


def test_comments_events_empty_choices_and_carriage_returns_are_tolerated() -> None:
    reader = CompletionReader("it")
    data = b": ping\r\nevent: x\r\n\r\n" + USAGE.replace(b"\n", b"\r\n") + chunk("a")

    assert reader.feed(data) == "a"


def test_reasoning_is_no_text_but_shows_that_the_model_is_at_work() -> None:
    reader = CompletionReader("it")

    text = reader.feed(b'data:{"choices": [{"delta": {"reasoning_content": "hm"}}]}\n')

    assert (text, reader.tokens) == ("", 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'data: {"id": "chatcm\n\n', "sent broken JSON"),
        (b"data: 3\n\n", "broke off with an error: 3"),
        (b'data: {"error": {"message": "overloaded"}}\n\n', "overloaded"),
        (END, "without a finish_reason"),
        (b"", "without a finish_reason"),
    ],
)
def test_a_stream_that_is_no_answer_names_its_fault_after_its_text(data: bytes, said: str) -> None:
    reader = CompletionReader("the model")

    text = reader.feed(chunk("kept") + data)

    assert text == "kept"
    with pytest.raises(ChatUnavailableError, match=f"the model .*{said}"):
        reader.finish()
