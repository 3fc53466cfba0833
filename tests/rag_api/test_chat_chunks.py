import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.chat import Finish, Usage
from rag_api.chat.chunks import CompletionReader
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError
from tests.upstream import ANSWER, END, USAGE, chunk

LEAF = st.one_of(st.none(), st.booleans(), st.integers(-9, 600), st.text(max_size=5))
KEY = st.sampled_from(
    ["choices", "delta", "content", "error", "usage", "finish_reason", "message", "code",
     "prompt_tokens", "completion_tokens"]
)  # fmt: skip
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=12,
)


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


def test_an_emoji_in_two_chunks_is_put_together() -> None:
    first, second = (chunk(half) for half in json.loads('["It is \\ud83d", "\\ude80!"]'))
    reader = CompletionReader("it")

    assert [reader.feed(first), reader.feed(second)] == ["It is ", "🚀!"]


def test_half_an_emoji_without_the_other_becomes_a_mark() -> None:
    reader = CompletionReader("it")

    assert reader.feed(chunk(json.loads('"\\ude80 a \\ud83d"')) + chunk("b")) == "\ufffd a \ufffdb"


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
        (b'data: {"choices": [{"delta": {"content": "' + b"x" * 1_100_000, "sent a line of more"),
    ],
)
def test_a_stream_that_is_no_answer_names_its_fault_after_its_text(data: bytes, said: str) -> None:
    reader = CompletionReader("the model")

    text = reader.feed(chunk("kept") + data)

    assert text == "kept"
    with pytest.raises(ChatUnavailableError, match=f"the model .*{said}"):
        reader.finish()


@given(chunks=st.lists(JSON, max_size=4), garbage=st.binary(max_size=40))
def test_whatever_a_server_sends_the_reader_ends_in_an_answer_or_an_error_of_the_model(
    chunks: list[object], garbage: bytes
) -> None:
    reader = CompletionReader("it")

    reader.feed(garbage + b"\n")
    for one in chunks:
        assert isinstance(reader.feed(b"data: %b\n" % json.dumps(one).encode()), str)

    with suppress(ChatUnavailableError, ChatRejectedError):
        assert isinstance(reader.finish(), Finish)


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("429", ChatRateLimitedError),
        ("401", ChatRejectedError),
        ("503", ChatUnavailableError),
        ('"overloaded"', ChatUnavailableError),
        ("null", ChatUnavailableError),
    ],
)
def test_an_error_with_a_status_is_the_error_of_that_status(
    code: str, raised: type[Exception]
) -> None:
    reader = CompletionReader("it")

    reader.feed(b'data: {"error": {"message": "no", "code": %b}}\n\n' % code.encode())

    with pytest.raises(raised) as caught:
        reader.finish()
    assert type(caught.value) is raised


@pytest.mark.parametrize("page", [b"<html>Sign in</html>", b""])
def test_what_is_no_stream_at_all_is_shown(page: bytes) -> None:
    reader = CompletionReader("it")

    reader.feed(page)

    with pytest.raises(ChatUnavailableError, match=f"sent no events, but '{page.decode()}'"):
        reader.finish()


def test_an_answer_is_complete_with_its_reason_unless_an_error_follows() -> None:
    reader = CompletionReader("it")
    reader.feed(chunk("a"))
    before = reader.complete
    reader.feed(chunk(reason="stop"))
    after = reader.complete
    reader.feed(b'data: {"error": "no"}\n\n')

    assert (before, after, reader.complete) == (False, True, False)
