from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from rag_api.events import AnswerStream, Delta, Event, Restarted
from rag_api.fallback import Rest, fall_back
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError
from tests.answers import DONE

CUT = ChatUnavailableError("the first was cut")
HALF = (Delta(text="It co"),)
OTHER_DONE = DONE.model_copy(update={"model": "small"})
WHOLE = ((Delta(text="It costs 12."),), (OTHER_DONE,))


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Script:
    """Gives tuples of events, and raises what is an error; knows how often it was opened."""

    steps: tuple[tuple[Event, ...] | Exception, ...]
    opened: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> AnswerStream:
        self.opened += 1
        return self._run()

    async def _run(self) -> AsyncGenerator[tuple[Event, ...], None]:
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                yield step
                await asyncio.sleep(0)
        finally:
            self.closed.set()


async def collect(first: Script, other: Script, rest: Rest | None = None) -> list[Event]:
    answered = fall_back(first(), other, model="small", rest=rest or Rest())
    return [event async for events in answered for event in events]


async def test_an_answer_that_comes_to_its_end_is_passed_on_alone() -> None:
    other = Script(WHOLE)

    events = await collect(Script((HALF, (DONE,))), other)

    assert events == [*HALF, DONE]
    assert other.opened == 0


@pytest.mark.parametrize("failure", [CUT, ChatRateLimitedError("slow"), ChatRejectedError("no")])
async def test_what_fails_before_it_shows_anything_is_not_seen(failure: Exception) -> None:
    events = await collect(Script((failure,)), Script(WHOLE))

    assert events == [*WHOLE[0], OTHER_DONE]


async def test_what_fails_half_way_is_void_and_the_other_begins_anew() -> None:
    events = await collect(Script((HALF, CUT)), Script(WHOLE))

    void = Restarted(model="small", detail="the first was cut")
    assert events == [*HALF, void, *WHOLE[0], OTHER_DONE]


async def test_a_fault_after_the_end_changes_nothing() -> None:
    other = Script(WHOLE)

    assert await collect(Script(((DONE,), CUT)), other) == [DONE]
    assert other.opened == 0


async def test_when_both_fail_the_last_failure_remembers_the_first() -> None:
    with pytest.raises(ChatRejectedError, match="the other too") as caught:
        await collect(Script((CUT,)), Script((ChatRejectedError("the other too"),)))

    assert caught.value.__notes__ == ["before it, the first was cut"]


async def test_a_fault_that_is_not_the_models_is_no_reason_to_ask_another() -> None:
    with pytest.raises(KeyError):
        await collect(Script((KeyError("ours"),)), Script(WHOLE))


async def test_who_is_cancelled_asks_no_other_model() -> None:
    first, other = Script((HALF,) * 100), Script(WHOLE)
    asking = asyncio.create_task(collect(first, other))
    await asyncio.sleep(0)

    asking.cancel()
    await asyncio.wait({asking})

    assert first.closed.is_set()
    assert other.opened == 0


async def test_closing_closes_the_answer_that_is_being_given() -> None:
    other = Script((*WHOLE[:1], (Delta(text="more"),)))
    answered = fall_back(Script((CUT,))(), other, model="small", rest=Rest())
    await anext(answered)

    await answered.aclose()

    assert other.closed.is_set()


def test_a_model_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    clock = Clock()
    rest = Rest(clock)

    due = []
    for _ in range(3):
        due.append(rest.is_due())
        rest.note_failure(CUT)
    due.append(rest.is_due())

    assert due == [False, False, False, True]


def test_after_a_rest_one_question_at_a_time_finds_out_how_it_is() -> None:
    clock = Clock()
    rest = Rest(clock)
    for _ in range(3):
        rest.note_failure(CUT)

    clock.now += 31

    assert [rest.is_due(), rest.is_due()] == [False, True]


def test_an_answer_ends_the_rest() -> None:
    rest = Rest(Clock())
    for _ in range(3):
        rest.note_failure(CUT)

    rest.note_success()

    assert not rest.is_due()


def test_a_model_that_names_a_time_to_come_back_is_left_alone_until_then() -> None:
    clock = Clock()
    rest = Rest(clock)

    rest.note_failure(ChatRateLimitedError("slow", retry_after_seconds=20))
    at_once = rest.is_due()
    clock.now += 21

    assert (at_once, rest.is_due()) == (True, False)


def test_no_server_can_send_its_model_away_for_long() -> None:
    clock = Clock()
    rest = Rest(clock)
    rest.note_failure(ChatRateLimitedError("slow", retry_after_seconds=86_400))

    clock.now += 61

    assert not rest.is_due()


async def test_successes_and_failures_of_the_first_are_noted() -> None:
    rest = Rest(Clock())
    for _ in range(3):
        await collect(Script((CUT,)), Script(WHOLE), rest)
    failed = rest.is_due()

    await collect(Script(((DONE,),)), Script(WHOLE), rest)

    assert (failed, rest.is_due()) == (True, False)


async def test_a_refusal_costs_nobody_time_and_is_not_counted() -> None:
    rest = Rest(Clock())

    for _ in range(9):
        await collect(Script((ChatRejectedError("no"),)), Script(WHOLE), rest)

    assert not rest.is_due()


async def test_whether_it_rests_can_be_asked_without_a_change() -> None:
    now = [0.0]
    rest = Rest(lambda: now[0])
    for _ in range(3):
        rest.note_failure(ChatUnavailableError("cut"))

    assert rest.resting
    now[0] = 31.0
    assert not rest.resting
    assert not rest.resting
    assert not rest.is_due()
    assert rest.is_due()
