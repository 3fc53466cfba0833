from __future__ import annotations

import asyncio

from ingest.allowance import Allowance


async def test_whoever_would_pass_the_limit_waits_until_there_is_room() -> None:
    allowance = Allowance(10)
    await allowance.take(6)
    waiting = asyncio.create_task(allowance.take(6))
    await asyncio.sleep(0)
    assert not waiting.done()

    allowance.give_back(6)

    await waiting
    assert allowance.taken == 6


async def test_one_who_asks_for_more_than_all_goes_alone() -> None:
    allowance = Allowance(10)

    async with allowance.holding(99):
        assert allowance.taken == 99

    assert allowance.taken == 0


async def test_much_is_not_kept_waiting_by_little_that_comes_later() -> None:
    allowance = Allowance(10)
    await allowance.take(5)
    order: list[int] = []

    async def take(amount: int) -> None:
        await allowance.take(amount)
        order.append(amount)
        allowance.give_back(amount)

    tasks = [asyncio.create_task(take(amount)) for amount in (9, 1)]
    await asyncio.sleep(0)
    allowance.give_back(5)
    await asyncio.gather(*tasks)

    assert order == [9, 1]


async def test_what_turns_out_larger_makes_others_wait() -> None:
    allowance = Allowance(10)
    await allowance.take(1)
    allowance.grow(9)

    waiting = asyncio.create_task(allowance.take(1))
    await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()
