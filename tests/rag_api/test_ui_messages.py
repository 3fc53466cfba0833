from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from rag_api.prompt import Turn
from rag_api.requests import UIChatRequest, UIMessage
from rag_api.routes.ui_messages import keep_texts, read_ui_messages
from rag_core.errors import InvalidRequestError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["type", "text", "url"]), inner | st.just("text"))
    ),
)


def ask(*messages: UIMessage) -> UIChatRequest:
    return UIChatRequest(id="1", messages=messages, trigger="submit-message", model="rag")


def says(role: str, *texts: str) -> UIMessage:
    return UIMessage(role=role, parts=[{"type": "text", "text": text} for text in texts])


def test_the_last_user_message_is_the_question() -> None:
    asked = read_ui_messages(ask(says("user", "A?"), says("assistant", "B."), says("user", "C?")))

    assert asked.question == "C?"
    assert asked.history == (Turn("user", "A?"), Turn("assistant", "B."))


def test_a_message_of_several_texts_is_all_of_them() -> None:
    assert read_ui_messages(ask(says("user", "This", "that?"))).question == "This\nthat?"


def test_only_texts_are_kept() -> None:
    parts: JsonValue = [
        {"type": "reasoning", "text": "Hm"},
        {"type": "text", "text": "Yes"},
        {"type": "data-citations", "data": []},
        "loose",
        None,
    ]

    assert keep_texts(parts) == [{"type": "text", "text": "Yes"}]
    assert keep_texts("text") is None


def test_who_says_nothing_asks_nothing() -> None:
    with pytest.raises(InvalidRequestError, match="there is no question"):
        read_ui_messages(ask(says("assistant", "Hi"), says("user", " ")))


@given(anything)
def test_any_history_leaves_the_question_as_it_is(parts: JsonValue) -> None:
    asked = read_ui_messages(ask(UIMessage(role="assistant", parts=parts), says("user", "Why?")))

    assert asked.question == "Why?"
    assert all(turn.content.strip() for turn in asked.history)
