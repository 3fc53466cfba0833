"""What the tests of the vectors room share: unit vectors, a home, its processes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rag_core.locks import try_lock
from rag_core.settings import Settings
from rag_core.vectors.place import Place, ServerRecord, place_in

IDLE_SECONDS = 0.3


def settings_for(home: Path, **others: object) -> Settings:
    """Settings with this home and no environment file."""
    return Settings(RAG_HOME=home, _env_file=None, **others)


def unit_vectors(count: int, dimension: int = 16, seed: int = 7) -> np.ndarray:
    """Random directions, one a row."""
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def record_of(home: Path) -> ServerRecord:
    """What the keeper of this home says now."""
    record = place_in(home).read_server()
    assert record is not None
    return record


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that has ended and waits to be buried does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def kept_server(home: Path) -> Iterator[Path]:
    """Keep the server of a home, once it runs, between the tests that use it."""
    using = try_lock(place_in(home).users_lock, shared=True)
    assert using is not None
    yield home
    os.close(using)
    asyncio.run(until_stopped(home))


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def until_stopped(home: Path) -> None:
    """Wait until no process keeps or is the server of this home."""
    place = place_in(home)
    await until(lambda: _is_free(place))


def _is_free(place: Place) -> bool:
    return all(_not_locked(lock) for lock in (place.keeper_lock, place.data_lock))


def _not_locked(path: Path) -> bool:
    lock = try_lock(path)
    if lock is not None:
        os.close(lock)
    return lock is not None
