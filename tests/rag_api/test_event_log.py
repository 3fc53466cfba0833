from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from rag_api.event_log import KEPT_EVENTS, TAKEN_EVENTS, EventLog
from rag_api.events import Delta, Event, Gap
from tests.answers import DONE, RETRIEVED


def deltas(count: int) -> tuple[Event, ...]:
    return tuple(Delta(text=str(place)) for place in range(count))


async def test_what_is_there_is_taken_together() -> None:
    log = EventLog()
    reader = log.open_reader(0)
    log.append((RETRIEVED,))
    log.append(deltas(2))

    assert len(await reader.next()) == 3
    assert reader.after == 3


async def test_a_reader_takes_only_so_many_at_once_and_none_twice() -> None:
    log = EventLog()
    events = deltas(2 * TAKEN_EVENTS + 1)
    log.append(events)
    reader = log.open_reader(0)

    taken = [await reader.next() for _ in range(3)]

    assert list(map(len, taken)) == [TAKEN_EVENTS, TAKEN_EVENTS, 1]
    assert sum(taken, ()) == events


def test_all_events_are_taken_at_once_with_what_is_missing() -> None:
    log = EventLog()
    log.append(deltas(KEPT_EVENTS))
    whole = log.take_all()
    log.append((DONE,))
    rest = log.take_all()

    assert whole == deltas(KEPT_EVENTS)
    assert isinstance(rest[0], Gap)
    assert rest[1:] == (*whole, DONE)[rest[0].last :]


async def test_who_reads_much_lets_others_have_their_turn() -> None:
    log = EventLog()
    log.append(deltas(TAKEN_EVENTS))
    reader = log.open_reader(0)
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "another's")

    await reader.next()

    assert turns == ["another's"]


async def test_a_waiting_reader_is_woken_by_an_event() -> None:
    log = EventLog()
    reader = log.open_reader(0)
    waiting = asyncio.create_task(reader.next())
    await asyncio.sleep(0)

    log.append((RETRIEVED,))

    assert await waiting == (RETRIEVED,)


async def test_a_waiting_reader_can_be_woken_without_one() -> None:
    reader = EventLog().open_reader(0)
    waiting = asyncio.create_task(reader.next())
    await asyncio.sleep(0)

    reader.wake()

    assert await waiting == ()


async def test_at_the_end_nothing_is_waited_for() -> None:
    log = EventLog()
    log.append((RETRIEVED, DONE))
    reader = log.open_reader(0)

    assert not reader.at_end
    await reader.next()

    assert reader.at_end
    assert await reader.next() == ()


async def test_a_log_that_was_trimmed_says_what_is_missing() -> None:
    log = EventLog()
    log.append(deltas(KEPT_EVENTS))
    log.append(deltas(1))
    reader = log.open_reader(1)

    (gap,) = await reader.next()
    rest = await reader.next()

    assert gap == Gap(first=2, last=KEPT_EVENTS // 4)
    assert rest[0] == Delta(text=str(KEPT_EVENTS // 4))


def test_the_size_follows_what_is_kept() -> None:
    log = EventLog()
    log.append(deltas(KEPT_EVENTS))
    full = log.size_bytes

    for _ in range(4):
        log.append(deltas(KEPT_EVENTS))

    assert 0 < log.size_bytes < 6 * full


@given(sizes=st.lists(st.integers(1, 4), max_size=20), after=st.integers(0, 90))
def test_any_place_gives_the_rest(sizes: list[int], after: int) -> None:
    log, whole = EventLog(), []
    for size in sizes:
        log.append(deltas(size))
        whole += deltas(size)

    assert list(log.take(after)) == whole[after:]
