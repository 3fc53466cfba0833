"""Locks hold between processes and are let go by a kill."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

from rag_core.locks import in_turn, locked, try_lock

HOLD = "import sys,time;from pathlib import Path;from rag_core.locks import try_lock;"
HOLD += "print(try_lock(Path(sys.argv[1])) is not None,flush=True);time.sleep(60)"


def hold_elsewhere(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"True\n"
    return process


def test_an_exclusive_lock_is_held_once(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "lock")
    assert first is not None

    assert try_lock(tmp_path / "lock") is None

    os.close(first)


def test_shared_locks_go_beside_each_other_but_not_beside_an_exclusive_one(tmp_path: Path) -> None:
    shared = [try_lock(tmp_path / "lock", shared=True) for _ in range(2)]

    assert try_lock(tmp_path / "lock") is None

    for descriptor in shared:
        assert descriptor is not None
        os.close(descriptor)


def test_a_lock_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "a" / "lock")
    assert first is not None
    os.close(first)

    second = try_lock(tmp_path / "a" / "lock")

    assert second is not None
    os.close(second)


def test_killing_the_holder_lets_go(tmp_path: Path) -> None:
    with hold_elsewhere(tmp_path / "lock") as holder:
        assert try_lock(tmp_path / "lock") is None
        holder.kill()
        holder.wait()

        taken = try_lock(tmp_path / "lock")

    assert taken is not None
    os.close(taken)


def test_locked_waits_for_its_turn(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


async def test_waiting_in_turn_leaves_the_event_loop_free(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "lock")
    assert first is not None
    asyncio.get_running_loop().call_later(0.05, os.close, first)

    async with in_turn(tmp_path / "lock"):
        assert try_lock(tmp_path / "lock") is None

    last = try_lock(tmp_path / "lock")
    assert last is not None
    os.close(last)
