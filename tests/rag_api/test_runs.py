from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

import pytest

from rag_api.events import Delta, Event, Failed
from rag_api.runs import ABANDONED, CANCELLED, Run
from tests.answers import DONE, RETRIEVED, begin, stream

TALK = tuple((Delta(text=str(place)),) for place in range(5))


class Waiting:
    """An answer that says one thing, then waits for ever; knows when it was closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def stream(self) -> AsyncGenerator[tuple[Event, ...], None]:
        try:
            yield (RETRIEVED,)
            await asyncio.Event().wait()
        finally:
            self.closed.set()


async def read_all(run: Run, after: int = 0) -> list[Event]:
    return [event async for events in run.read(after) for event in events]


async def test_every_reader_gets_every_event() -> None:
    run = begin(stream((RETRIEVED,), *TALK, (DONE,), pause_seconds=0.001))

    first, second = await asyncio.gather(read_all(run), read_all(run))

    assert first == second
    assert (first[0], first[-1], len(first)) == (RETRIEVED, DONE, 7)


async def test_a_reader_may_come_after_the_end() -> None:
    run = begin(stream((RETRIEVED,), *TALK, (DONE,)))
    whole = await read_all(run)

    assert await read_all(run) == whole


async def test_a_reader_goes_on_behind_any_event() -> None:
    run = begin(stream((RETRIEVED,), *TALK, (DONE,)))
    whole = await read_all(run)

    assert [await read_all(run, after) for after in range(8)] == [whole[n:] for n in range(8)]


async def test_a_reader_that_asks_for_what_is_not_there_yet_waits() -> None:
    run = begin(stream((RETRIEVED,), *TALK, (DONE,), pause_seconds=0.001))

    assert (await read_all(run, after=99))[-1] == DONE


async def test_cancelling_ends_with_one_failed_and_closes_the_answer() -> None:
    waiting = Waiting()
    run = begin(waiting.stream())
    reading = asyncio.create_task(read_all(run))
    await asyncio.sleep(0.01)

    await run.stop(CANCELLED)

    assert await reading == [RETRIEVED, CANCELLED]
    assert waiting.closed.is_set()


async def test_a_run_cancelled_before_its_first_step_has_an_end() -> None:
    run = begin(Waiting().stream())

    run.cancel()

    assert await read_all(run) == [CANCELLED]


async def test_cancelling_what_has_ended_changes_nothing() -> None:
    run = begin(stream((RETRIEVED, DONE)))
    await read_all(run)

    await run.stop(CANCELLED)

    assert await read_all(run) == [RETRIEVED, DONE]


async def test_the_last_reader_to_leave_cancels_the_run() -> None:
    waiting = Waiting()
    run = begin(waiting.stream())

    with run.reading() as stays:
        with run.reading():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        assert not run.log.ended
        await stays.next()
    await asyncio.wait_for(waiting.closed.wait(), 1)

    assert await read_all(run) == [RETRIEVED, ABANDONED]


async def test_a_detached_run_goes_on_without_readers() -> None:
    run = begin(stream((RETRIEVED,), *TALK, (DONE,), pause_seconds=0.005), detaches=True)
    with run.reading() as reader:
        await reader.next()

    await asyncio.sleep(0.1)

    assert (await read_all(run, reader.after))[-1] == DONE


async def test_a_detached_run_ends_when_nobody_comes_back() -> None:
    waiting = Waiting()
    run = begin(waiting.stream(), detaches=True, grace_seconds=0.05)
    with run.reading():
        await asyncio.sleep(0.1)
    assert not run.log.ended

    await asyncio.wait_for(waiting.closed.wait(), 1)

    assert await read_all(run) == [RETRIEVED, ABANDONED]


async def test_a_reader_that_comes_back_in_time_saves_the_run() -> None:
    run = begin(Waiting().stream(), detaches=True, grace_seconds=0.05)
    with run.reading():
        await asyncio.sleep(0)

    with run.reading():
        await asyncio.sleep(0.1)

        assert not run.log.ended
    await run.stop(CANCELLED)


async def test_a_run_that_nobody_ever_reads_is_given_up() -> None:
    waiting = Waiting()
    begin(waiting.stream(), detaches=True, grace_seconds=0.02)

    await asyncio.wait_for(waiting.closed.wait(), 1)


async def test_an_answer_that_breaks_off_has_an_end(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> AsyncGenerator[tuple[Event, ...], None]:
        yield (RETRIEVED,)
        raise RuntimeError("nobody foresaw it")

    run = begin(broken())
    with caplog.at_level(logging.CRITICAL, logger="rag_api.runs"):
        events = await read_all(run)

    assert isinstance(events[-1], Failed)
    assert events[-1].error == "InternalError"
