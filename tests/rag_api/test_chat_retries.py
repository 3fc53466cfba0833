from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import pytest

from rag_api.chat import ChatPart, Finish, Text
from rag_api.chat.retries import Tries, ask_again
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError

AT_ONCE = ChatUnavailableError("cut", retry_after_seconds=0.001)
STOP = Finish("stop", None)


@dataclass
class Attempts:
    """Each attempt gives the next of these, and raises those that are errors; the last stays."""

    scripts: list[Sequence[ChatPart | Exception]]
    made: int = 0
    says_stop: bool = False
    tries: list[Tries] = field(default_factory=list)

    async def __call__(self, tries: Tries) -> AsyncGenerator[ChatPart, None]:
        self.made += 1
        self.tries.append(tries)
        if self.says_stop:
            tries.stop()
        script = self.scripts.pop(0) if self.scripts[1:] else self.scripts[0]
        for part in script:
            if isinstance(part, Exception):
                raise part
            yield part


async def ask(attempts: Attempts, *, seconds: float = 5) -> list[ChatPart]:
    return [part async for part in ask_again(attempts, seconds=seconds)]


async def test_what_fails_before_its_first_part_is_asked_again() -> None:
    attempts = Attempts([[AT_ONCE], [AT_ONCE], [Text("a"), STOP]])

    assert await ask(attempts) == [Text("a"), STOP]
    assert attempts.made == 3


async def test_it_is_asked_again_twice_and_no_more() -> None:
    attempts = Attempts([[AT_ONCE]])

    with pytest.raises(ChatUnavailableError):
        await ask(attempts)
    assert attempts.made == 3


async def test_what_was_shown_is_never_asked_for_again() -> None:
    attempts = Attempts([[Text("a"), AT_ONCE]])

    with pytest.raises(ChatUnavailableError):
        await ask(attempts)
    assert attempts.made == 1


@pytest.mark.parametrize(
    "final",
    [ChatRejectedError("no"), ChatRateLimitedError("slow", retry_after_seconds=60)],
)
async def test_a_refusal_and_a_long_wait_are_told_at_once(final: Exception) -> None:
    attempts = Attempts([[final]])

    with pytest.raises(type(final)):
        await ask(attempts)
    assert attempts.made == 1


async def test_an_attempt_may_say_that_it_is_the_last() -> None:
    attempts = Attempts([[AT_ONCE]], says_stop=True)

    with pytest.raises(ChatUnavailableError):
        await ask(attempts)
    assert attempts.made == 1


async def test_a_wait_that_would_pass_the_deadline_is_not_begun() -> None:
    attempts = Attempts([[ChatUnavailableError("cut", retry_after_seconds=4)]])

    with pytest.raises(ChatUnavailableError):
        await ask(attempts, seconds=3)
    assert attempts.made == 1


async def test_all_attempts_share_one_deadline() -> None:
    attempts = Attempts([[AT_ONCE], [STOP]])

    await ask(attempts)

    assert attempts.tries[0] is attempts.tries[1]


async def test_without_a_time_from_the_server_the_waits_double() -> None:
    tries = Tries(60)

    waits = [tries.next_wait(ChatUnavailableError("cut")) for _ in range(3)]

    assert waits[0] == pytest.approx(0.44, abs=0.07)
    assert waits[1] == pytest.approx(0.88, abs=0.13)
    assert waits[2] is None


async def test_nothing_is_asked_again_for_who_has_left() -> None:
    attempts = Attempts([[ChatUnavailableError("cut", retry_after_seconds=3)]])
    asking = asyncio.create_task(ask(attempts))
    await asyncio.sleep(0.01)

    asking.cancel()
    await asyncio.wait({asking})

    assert asking.cancelled()
    assert attempts.made == 1
