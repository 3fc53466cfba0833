import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.abstention import DOUBT
from rag_api.answer import (
    Answerer,
    ExtractiveAnswerer,
    ModelAnswerer,
    answer,
    check_question,
)
from rag_api.chat import Finish, Text, Usage
from rag_api.events import Cited, Delta, Done, Event, Failed, Restarted, Retrieved
from rag_api.extractive import MODEL_FAILED
from rag_api.prompt import Turn
from rag_core.errors import (
    ChatRateLimitedError,
    ChatRejectedError,
    ChatUnavailableError,
    InvalidRequestError,
)
from tests.fakes import WordEmbedder
from tests.passages import PASSAGES, retrieved
from tests.upstream import ScriptedChat, WordCounter

FOUND = retrieved(*PASSAGES)
STOP = Finish("stop", Usage(9, 4))
CUT = ChatUnavailableError("cut")
PARTS = st.lists(
    st.one_of(
        st.sampled_from(["a", "[1]", " [2", "] ", "[9]"]).map(Text),
        st.sampled_from([STOP, Finish("length", None)]),
        st.sampled_from([ChatUnavailableError("cut"), ChatRejectedError("no"), ValueError("odd")]),
    )
)


def answerer_of(
    *parts: Text | Finish | Exception, fallback: Answerer | None = None
) -> ModelAnswerer:
    return ModelAnswerer(ScriptedChat(parts), WordCounter(), 8192, fallback)


def other_of(*parts: Text | Finish | Exception) -> ModelAnswerer:
    return ModelAnswerer(ScriptedChat(parts, model="other"), WordCounter(), 8192)


async def collect(answerer: Answerer, found: Retrieved = FOUND) -> list[Event]:
    return [
        event async for events in answer(found, history=(), answerer=answerer) for event in events
    ]


@given(parts=PARTS, fallback=st.none() | PARTS)
def test_whatever_the_models_do_there_is_one_end_and_it_is_last(
    parts: list[Text | Finish | Exception], fallback: list[Text | Finish | Exception] | None
) -> None:
    logging.disable()

    other = None if fallback is None else other_of(*fallback)
    events = asyncio.run(collect(answerer_of(*parts, fallback=other)))

    logging.disable(logging.NOTSET)
    assert events[0] == FOUND
    assert [isinstance(event, Done | Failed) for event in events].count(True) == 1
    assert isinstance(events[-1], Done | Failed)


@given(parts=PARTS, fallback=PARTS)
def test_every_citation_stands_where_its_offsets_say_in_the_text_that_counts(
    parts: list[Text | Finish | Exception], fallback: list[Text | Finish | Exception]
) -> None:
    logging.disable()

    events = asyncio.run(collect(answerer_of(*parts, fallback=other_of(*fallback))))

    logging.disable(logging.NOTSET)
    text = ""
    for event in events:
        if isinstance(event, Restarted):
            text = ""
        elif isinstance(event, Delta):
            text += event.text
        elif isinstance(event, Cited):
            place = slice(event.citation.answer_start, event.citation.answer_end)
            assert text[place].startswith("[")
            assert text[place].endswith("]")


async def test_an_answer_is_retrieved_then_text_and_citations_then_done() -> None:
    events = await collect(answerer_of(Text("In 1844 [1"), Text("]."), STOP))

    assert [event.type for event in events] == [
        "retrieved", "delta", "delta", "cited", "delta", "done",
    ]  # fmt: skip
    assert events[-1] == Done(
        outcome="answered",
        finish_reason="stop",
        model="scripted",
        input_tokens=9,
        output_tokens=4,
    )


async def test_a_marker_at_the_very_end_is_cited_before_the_end() -> None:
    events = await collect(answerer_of(Text("In 1844 [1]"), STOP))

    assert [type(event) for event in events[-2:]] == [Cited, Done]


async def test_an_answer_that_cites_nothing_is_insufficient() -> None:
    events = await collect(answerer_of(Text("They do not say."), STOP))

    assert isinstance(events[-1], Done)
    assert events[-1].outcome == "insufficient"


async def test_an_answer_that_cites_nothing_names_the_nearest_misses() -> None:
    events = await collect(answerer_of(Text("They do not say."), STOP))

    assert isinstance(events[-1], Done)
    assert [one.number for one in events[-1].nearest] == [1, 2]


async def test_a_filter_that_lets_nothing_through_is_an_outcome_of_its_own() -> None:
    found = retrieved().model_copy(update={"empty": "filtered_out"})

    events = await collect(answerer_of(STOP), found)

    assert isinstance(events[-1], Done)
    assert events[-1].outcome == "filtered_out"


@pytest.mark.parametrize(("score", "asked"), [(0.1, 0), (0.6, 1)])
async def test_who_abstains_asks_no_model_below_the_least_score(score: float, asked: int) -> None:
    answerer = answerer_of(Text("In 1844 [1]"), STOP)
    found = retrieved(PASSAGES[0].model_copy(update={"fused_score": score}))

    ready = [one async for one in answer(found, history=(), answerer=answerer, abstains=True)]

    assert len(answerer.chat.asked) == asked
    assert isinstance(ready[-1][-1], Done)
    assert ready[-1][-1].outcome == ("answered" if asked else "insufficient")


async def test_the_model_is_told_when_the_passages_fit_badly() -> None:
    answerer = answerer_of(STOP)
    weak = PASSAGES[0].model_copy(update={"fused_score": 0.1})

    await collect(answerer, retrieved(weak))
    await collect(answerer)

    assert [DOUBT in asked[-1].content for asked in answerer.chat.asked] == [True, False]


async def test_what_the_server_did_not_count_we_count() -> None:
    events = await collect(answerer_of(Text("In 1844 [1]"), Finish("length", None)))

    assert isinstance(events[-1], Done)
    assert events[-1].output_tokens == 3
    assert events[-1].input_tokens > 50


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (
            ChatUnavailableError("cut"),
            Failed(error="ChatUnavailableError", detail="cut", retryable=True),
        ),
        (
            ChatRateLimitedError("slow", retry_after_seconds=60),
            Failed(
                error="ChatRateLimitedError",
                detail="slow",
                retryable=True,
                retry_after_seconds=60,
            ),
        ),
        (ChatRejectedError("no"), Failed(error="ChatRejectedError", detail="no", retryable=False)),
    ],
)
async def test_a_failure_keeps_what_was_sent_and_is_named(error: Exception, failed: Failed) -> None:
    events = await collect(answerer_of(Text("In"), error))

    assert events[1:] == [Delta(text="In"), failed]


async def test_what_nobody_foresaw_is_logged_and_shows_nothing_of_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = await collect(answerer_of(ValueError("secret")))

    assert isinstance(events[-1], Failed)
    assert events[-1].error == "InternalError"
    assert "secret" not in events[-1].detail
    assert "ValueError: secret" in caplog.text


async def test_without_passages_no_model_is_asked() -> None:
    answerer = answerer_of(STOP)

    events = await collect(answerer, retrieved())

    assert isinstance(events[-1], Done)
    assert events[-1].outcome == "empty_collection"
    assert events[-1].nearest == ()
    assert answerer.chat.asked == []


async def test_closing_the_answer_closes_the_chat() -> None:
    answerer = answerer_of(Text("a"), Text("b"), STOP)
    events = answer(FOUND, history=(), answerer=answerer)
    await anext(events)
    await anext(events)

    await events.aclose()

    assert answerer.chat.closed


async def test_the_history_stands_before_the_question() -> None:
    answerer = answerer_of(STOP)
    history = [Turn("user", "Hello"), Turn("assistant", "Hi")]

    async for _ in answer(FOUND, history=history, answerer=answerer):
        pass

    assert [message.content for message in answerer.chat.asked[0][1:3]] == ["Hello", "Hi"]


async def test_an_extractive_answer_is_cited_and_takes_no_tokens() -> None:
    events = await collect(ExtractiveAnswerer(WordEmbedder()))

    assert [event.type for event in events].count("cited") == 3
    assert events[-1] == Done(
        outcome="answered",
        finish_reason="stop",
        model="extractive",
        input_tokens=0,
        output_tokens=0,
    )


@pytest.mark.parametrize("question", [" \n", "why " * 9000, "x" * 1_000_000])
def test_a_question_that_cannot_be_answered_is_refused_before_the_search(question: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_question(question, answerer=answerer_of())


async def test_the_fallback_answers_in_its_own_name_when_the_model_says_nothing() -> None:
    other = other_of(Text("In 1844 [1]"), STOP)

    events = await collect(answerer_of(ChatRejectedError("no"), fallback=other))

    assert [event.type for event in events] == ["retrieved", "delta", "cited", "done"]
    assert isinstance(events[-1], Done)
    assert events[-1].model == "other"


async def test_the_fallback_begins_anew_when_the_model_breaks_off() -> None:
    other = other_of(Text("In 1844 [1]"), STOP)

    events = await collect(answerer_of(Text("Built [2] "), CUT, fallback=other))

    place = next(at for at, event in enumerate(events) if isinstance(event, Restarted))
    assert events[place] == Restarted(model="other", detail="cut")
    assert [event.type for event in events[place + 1 :]] == ["delta", "cited", "done"]


async def test_when_both_models_fail_both_failures_are_told() -> None:
    limited = ChatRateLimitedError("the other is busy", retry_after_seconds=9)

    events = await collect(answerer_of(CUT, fallback=other_of(limited)))

    assert events[-1] == Failed(
        error="ChatRateLimitedError",
        detail="the other is busy; before it, cut",
        retryable=True,
        retry_after_seconds=9,
    )


async def test_an_extractive_fallback_quotes_and_says_why() -> None:
    quoting = ExtractiveAnswerer(WordEmbedder(), why=MODEL_FAILED)

    events = await collect(answerer_of(CUT, fallback=quoting))

    text = "".join(event.text for event in events if isinstance(event, Delta))
    assert text.endswith(
        "The chat model does not answer: these are sentences quoted from the documents."
    )
    assert isinstance(events[-1], Done)
    assert events[-1].model == "extractive"


async def test_a_model_that_has_failed_for_some_time_is_not_asked() -> None:
    answerer = answerer_of(CUT, fallback=other_of(Text("In 1844 [1]"), STOP))

    for _ in range(5):
        await collect(answerer)

    assert isinstance(answerer.chat, ScriptedChat)
    assert len(answerer.chat.asked) == 3


async def test_an_answer_holds_to_the_least_score_of_what_was_searched() -> None:
    strict = FOUND.model_copy(update={"least_score": 0.99})

    *_, done = await collect(ExtractiveAnswerer(WordEmbedder()), strict)

    assert isinstance(done, Done)
    assert done.outcome == "insufficient"
