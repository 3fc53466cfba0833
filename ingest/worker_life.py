"""Which workers live, told by locks that the kernel lets go; their priority; what they sweep."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from rag_core.catalog import claims, jobs
from rag_core.catalog.engine import Catalog
from rag_core.locks import try_lock
from rag_core.originals import drop_originals
from rag_core.uploads import sweep_uploads

_WORKERS = "workers"
_NICENESS = 10
"""Of the system's scale from -20 to 19, on which a process has 0."""
_KEPT_JOBS = timedelta(days=7)
_KEPT_UPLOADS_SECONDS = 24 * 3600.0
"""Uploads without a job: the API was killed before it stored one."""


def name_worker() -> str:
    """Name this process so that no other has the same name, on whichever machine."""
    host = re.sub(r"[^\w-]", "-", socket.gethostname())[:64]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


@contextmanager
def living(home: Path, name: str) -> Iterator[None]:
    """Hold the lock that says that the worker of this name lives."""
    path = home / _WORKERS / name
    lock = try_lock(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


async def release_dead(catalog: Catalog, home: Path) -> int:
    """Let others take the jobs of workers that were killed; returns how many jobs.

    Only of those that share our RAG_HOME: of others nobody knows before their lease is over.
    """
    released = 0
    for path in (home / _WORKERS).glob("*"):
        lock = try_lock(path)
        if lock is None:
            continue
        try:
            released += await claims.release_jobs(catalog, path.name)
            path.unlink(missing_ok=True)
        finally:
            os.close(lock)
    return released


async def sweep(catalog: Catalog, home: Path) -> None:
    """Forget jobs that ended long ago, uploads that belong to none, files that no document has."""
    await jobs.forget_jobs(catalog, age=_KEPT_JOBS)
    active = await jobs.active_ids(catalog)
    await asyncio.to_thread(sweep_uploads, home, active, age_seconds=_KEPT_UPLOADS_SECONDS)
    await drop_originals(catalog, home)


def give_way() -> None:
    """Let every other process go first, in all our threads and in the processes that we start.

    Like the threads that embed beside streams. Not SCHED_IDLE: on a machine with something else
    to do all the time we would get nothing done, and hold our locks while we wait.
    """
    if sys.platform != "linux":
        os.nice(_NICENESS)
        return
    for name in os.listdir("/proc/self/task"):  # noqa: PTH208 - no paths, but numbers
        thread = int(name)
        with suppress(ProcessLookupError):
            # A thread of SCHED_BATCH that wakes up takes the processor from nobody.
            os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))
            if os.getpriority(os.PRIO_PROCESS, thread) < _NICENESS:
                os.setpriority(os.PRIO_PROCESS, thread, _NICENESS)
