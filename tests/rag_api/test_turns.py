from __future__ import annotations

import asyncio

import pytest

from rag_api.turns import Turns
from rag_core.errors import OverloadedError


async def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    order: list[str] = []
    turns = Turns(3, seconds=5)

    async def take(name: str) -> None:
        await turns.take()
        order.append(name)
        turns.give_back()

    for _ in range(3):
        await turns.take()
    asking = [asyncio.create_task(take(name)) for name in "abc"]
    await asyncio.sleep(0)
    turns.give_back()
    await asyncio.gather(*asking)

    assert order == ["a", "b", "c"]


async def test_who_stops_waiting_leaves_the_turn_to_the_next() -> None:
    turns = Turns(2, seconds=5)
    for _ in range(2):
        await turns.take()
    first, second = (asyncio.create_task(turns.take()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    turns.give_back()
    await asyncio.wait_for(second, 1)

    assert (turns.taken, turns.waiting) == (2, 0)


async def test_what_is_given_back_can_be_taken_again() -> None:
    turns = Turns(1, seconds=0.01)
    for _ in range(5):
        await turns.take()
        turns.give_back()

    assert turns.taken == 0


async def test_many_refusals_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    turns = Turns(1, seconds=0.001)
    await turns.take()

    for _ in range(20):
        with pytest.raises(OverloadedError):
            await turns.take()

    assert [record.levelname for record in caplog.records] == ["WARNING"]
