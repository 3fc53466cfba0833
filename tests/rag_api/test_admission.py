from __future__ import annotations

import asyncio

import pytest

from rag_api.admission import Runs
from rag_api.answer_errors import AnswerNotFoundError
from rag_api.events import Delta
from rag_api.runs import STOPPED, Run
from rag_core.errors import OverloadedError, StoppedError
from tests.answers import DONE, RETRIEVED, stream
from tests.rag_api.test_runs import Waiting, read_all

BRIEF = (RETRIEVED, DONE)


async def start(runs: Runs, *, chat_id: str | None = None, waits: bool = False) -> Run:
    async with runs.admit() as place:
        events = Waiting().stream() if waits else stream(BRIEF)
        return place.start(events, detaches=True, chat_id=chat_id)


async def test_a_run_is_found_by_its_id_and_by_its_chat() -> None:
    runs = Runs(most=1)

    run = await start(runs, chat_id="chat")

    assert runs.find(run.id) is runs.find_by_chat("chat") is run
    assert runs.find_by_chat("other") is None


async def test_an_unknown_run_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(AnswerNotFoundError, match=r"'gone'.*ask again"):
        Runs(most=1).find("gone")


async def test_a_question_waits_for_a_place() -> None:
    runs = Runs(most=1)
    first = await start(runs, waits=True)
    second = asyncio.create_task(start(runs))
    await asyncio.sleep(0.01)
    assert not second.done()

    first.cancel()

    assert await read_all(await second) == list(BRIEF)


async def test_a_question_that_waits_too_long_is_refused() -> None:
    runs = Runs(most=1, queue_seconds=0.01)
    await start(runs, waits=True)

    with pytest.raises(OverloadedError, match="RAG_MAX_ANSWERS"):
        await start(runs)
    await runs.close()


async def test_no_more_may_wait_than_may_be_answered() -> None:
    runs = Runs(most=1)
    await start(runs, waits=True)
    waiting = asyncio.create_task(start(runs))
    await asyncio.sleep(0.01)

    with pytest.raises(OverloadedError):
        await start(runs)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await runs.close()


async def test_a_place_whose_retrieval_failed_is_free_again() -> None:
    runs = Runs(most=1, queue_seconds=0.01)

    with pytest.raises(KeyError):
        async with runs.admit():
            raise KeyError("the search failed")

    assert await read_all(await start(runs)) == list(BRIEF)


async def test_an_ended_run_is_kept_for_a_while() -> None:
    runs = Runs(most=1, kept_seconds=0.05)
    run = await start(runs, chat_id="chat")
    await read_all(run)
    assert runs.find(run.id) is run

    await asyncio.sleep(0.1)

    assert runs.find_by_chat("chat") is None
    with pytest.raises(AnswerNotFoundError):
        runs.find(run.id)


async def test_the_oldest_ended_runs_make_room() -> None:
    runs = Runs(most=10, kept_bytes=50_000)
    texts = [Delta(text="x" * 10_000) for _ in range(10)]
    ended = []
    for text in texts:
        async with runs.admit() as place:
            ended.append(place.start(stream((RETRIEVED, text, DONE)), detaches=True))
        await read_all(ended[-1])
        await asyncio.sleep(0)

    assert runs.find(ended[-1].id) is ended[-1]
    with pytest.raises(AnswerNotFoundError):
        runs.find(ended[0].id)


async def test_a_dropped_run_leaves_the_newer_one_of_its_chat() -> None:
    runs = Runs(most=2, kept_seconds=0.02)
    await read_all(await start(runs, chat_id="chat"))
    newer = await start(runs, chat_id="chat", waits=True)

    await asyncio.sleep(0.05)

    assert runs.find_by_chat("chat") is newer
    await runs.close()


async def test_closing_ends_every_run() -> None:
    runs = Runs(most=2)
    running = [await start(runs, waits=True) for _ in range(2)]
    await asyncio.sleep(0.01)

    await runs.close()

    assert [(await read_all(run))[-1] for run in running] == [STOPPED, STOPPED]


async def test_a_closed_server_admits_nobody() -> None:
    runs = Runs(most=1)
    await runs.close()

    with pytest.raises(StoppedError):
        await start(runs)


async def test_closing_reaches_those_that_wait_and_those_that_search() -> None:
    runs = Runs(most=1)

    async def search() -> None:
        async with runs.admit():
            await asyncio.Event().wait()

    asking = [asyncio.create_task(search()) for _ in range(2)]
    await asyncio.sleep(0.01)
    await runs.close()
    await runs.close()

    assert [type(await asyncio.wait_for(_fault(one), 1)) for one in asking] == [StoppedError] * 2


async def _fault(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait({task})
    return task.exception()


async def test_a_fault_in_time_keeps_its_name() -> None:
    with pytest.raises(TimeoutError, match="the search"):
        async with Runs(most=1).admit():
            raise TimeoutError("the search")
