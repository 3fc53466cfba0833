import asyncio
import os
import sys
import threading

import pytest

from rag_core.threads import count_processors, open_workers, to_its_end


async def test_it_gives_what_the_work_gives() -> None:
    given = await to_its_end(divmod, 7, 2)

    assert given == (3, 1)


async def test_it_raises_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        await to_its_end(divmod, 7, 0)


async def test_it_is_cancelled_only_when_the_work_has_ended() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    task = asyncio.create_task(to_its_end(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    early, _ = await asyncio.wait([task], timeout=0.05)
    may_end.set()
    await asyncio.wait([task])

    assert not early
    assert task.cancelled()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own there")
def test_workers_let_the_other_threads_go_first() -> None:
    workers = open_workers(1, "work")

    theirs = workers.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    assert theirs.result() > os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    workers.shutdown()


@pytest.mark.parametrize(
    ("said", "counted"), [("1", 1), ("100000", None), ("0", None), ("x", None)]
)
def test_a_process_counts_the_processors_that_it_may_use(
    monkeypatch: pytest.MonkeyPatch, said: str, counted: int | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)

    assert count_processors() == (counted or len(os.sched_getaffinity(0)))
