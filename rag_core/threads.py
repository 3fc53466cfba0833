"""Work in threads: not left behind when its task is cancelled, and giving way to the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_GIVING_WAY = 10
"""Of the system's scale from -20 to 19, on which a process has 0."""

_Given = TypeVar("_Given")


async def to_its_end(work: Callable[..., _Given], *arguments: object) -> _Given:
    """Run in a thread, and be cancelled only when the thread has come to its end.

    What is not to be used by two threads at once, such as an index's writer, can be closed then.
    """
    running = asyncio.create_task(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def count_processors() -> int:
    """Those that this process may use; OMP_NUM_THREADS, which clusters set, may say fewer."""
    allowed = len(os.sched_getaffinity(0))
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(said)) if said.isdecimal() and int(said) else allowed


def open_workers(count: int, name: str) -> ThreadPoolExecutor:
    """Threads for long work without the interpreter's lock; whoever opens them shuts them down.

    Where the system can tell threads apart (Linux), all others of the process go first.
    """
    return ThreadPoolExecutor(count, thread_name_prefix=name, initializer=_give_way)


def _give_way() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _GIVING_WAY)
