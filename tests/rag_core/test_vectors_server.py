import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rag_core.errors import VectorsUnavailableError
from rag_core.vectors.place import ServerRecord, place_in
from rag_core.vectors.server import OwnServer, ServerAddress, ensure_room, running_server
from tests.rag_core.vectors_support import (
    IDLE_SECONDS,
    is_alive,
    record_of,
    until,
    until_stopped,
)

_USER = """
import asyncio, sys
from pathlib import Path
from rag_core.vectors.server import running_server

async def use():
    async with running_server(Path(sys.argv[1]), idle_seconds=0.3) as server:
        print((await server.find()).port, flush=True)
        await asyncio.sleep(60)

asyncio.run(use())
"""


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path
    await until_stopped(tmp_path)


def accepts(address: ServerAddress) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address.host, address.port)) == 0


async def find_other(server: OwnServer, process_id: int, home: Path) -> ServerRecord:
    """Wait until the server is found with another process id."""
    while True:
        await server.find()
        if record_of(home).chroma_pid != process_id:
            return record_of(home)
        await asyncio.sleep(0.02)


async def test_a_server_starts_with_its_first_user_and_stops_after_its_last(home: Path) -> None:
    async with running_server(home, idle_seconds=IDLE_SECONDS) as first:
        async with running_server(home, idle_seconds=IDLE_SECONDS) as second:
            addresses = {await first.find(), await second.find()}
        record = record_of(home)
        await asyncio.sleep(3 * IDLE_SECONDS)
        assert accepts(*addresses)

    await until_stopped(home)

    assert place_in(home).read_server() is None
    assert not is_alive(record.chroma_pid)
    assert not is_alive(record.keeper_pid)


async def test_many_who_come_at_once_share_one_server(home: Path) -> None:
    async def use() -> tuple[ServerAddress, int]:
        async with running_server(home, idle_seconds=IDLE_SECONDS) as server:
            return await server.find(), record_of(home).chroma_pid

    seen = await asyncio.gather(*(use() for _ in range(8)))

    assert len(set(seen)) == 1


async def test_who_comes_while_it_stops_waits_and_is_served(home: Path) -> None:
    reached = []
    for pause in (0.0, 0.05, 0.1, 0.25, 0.3, 0.35):
        async with running_server(home, idle_seconds=0.05) as server:
            reached.append(accepts(await server.find()))
        await asyncio.sleep(pause)

    assert reached == [True] * 6


@pytest.mark.parametrize("killed", ["chroma_pid", "keeper_pid", "both"])
async def test_after_a_kill_the_server_is_found_again(home: Path, killed: str) -> None:
    async with running_server(home, idle_seconds=IDLE_SECONDS) as server:
        before = record_of(home)
        names = ["keeper_pid", "chroma_pid"] if killed == "both" else [killed]
        for name in names:
            os.kill(getattr(before, name), signal.SIGKILL)
        after = await find_other(server, before.chroma_pid, home)
        address = await server.find()

        assert accepts(address)
        assert not is_alive(before.chroma_pid)
        assert (after.port == before.port) or killed != "chroma_pid"


async def test_a_user_killed_with_9_does_not_hold_the_server(home: Path) -> None:
    user = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _USER, str(home), stdout=subprocess.PIPE
    )
    assert user.stdout is not None
    port = int(await user.stdout.readline())
    served = accepts(ServerAddress("127.0.0.1", port))

    user.kill()
    await user.communicate()
    await until_stopped(home)

    assert served
    assert not accepts(ServerAddress("127.0.0.1", port))


async def test_what_a_reboot_leaves_behind_is_not_believed(home: Path) -> None:
    place = place_in(home)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        place.write_server(ServerRecord(port, os.getpid(), os.getpid(), "1.5.9"))
        place.write_failure("of long ago")

        async with running_server(home, idle_seconds=IDLE_SECONDS) as server:
            address = await server.find()

    assert address.port != port


async def test_a_database_that_is_written_over_is_moved_aside(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = home / "chroma" / "data"
    data.mkdir(parents=True)
    (data / "chroma.sqlite3").write_bytes(os.urandom(100_000))

    with caplog.at_level(logging.WARNING):
        async with running_server(home, idle_seconds=IDLE_SECONDS) as server:
            served = accepts(await server.find())

    aside = [path for path in (home / "chroma").iterdir() if "broken" in path.name]
    assert served
    assert (aside[0] / "chroma.sqlite3").stat().st_size == 100_000
    assert str(aside[0]) in caplog.text


async def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    (home / "chroma").mkdir()
    (home / "chroma" / "data").write_text("in the way")

    with pytest.raises(VectorsUnavailableError, match=r"(?s)cannot be started.*in a row"):
        async with running_server(home, idle_seconds=IDLE_SECONDS):
            pass


async def test_a_broken_store_is_moved_aside_once_however_many_ask(home: Path) -> None:
    async with running_server(home, idle_seconds=IDLE_SECONDS) as server:
        broken = server.store_number()

        await asyncio.gather(*(server.start_afresh(broken=broken) for _ in range(3)))

        assert accepts(await server.find())
        assert server.store_number() != broken
    assert len(list((home / "chroma").glob("data.broken-*"))) == 1


async def test_the_log_does_not_grow_without_end(home: Path) -> None:
    log = place_in(home).log

    async with running_server(home, idle_seconds=IDLE_SECONDS):
        with log.open("ab") as file:
            file.write(b"x" * 5_000_000)
        await until(lambda: log.stat().st_size < 1000)

    assert log.with_name("chroma.log.1").stat().st_size == 4_000_000


async def test_a_home_that_is_removed_meanwhile_leaves_no_process(home: Path) -> None:
    async with running_server(home, idle_seconds=IDLE_SECONDS):
        record = record_of(home)
        shutil.rmtree(home / "chroma")

    await until(lambda: not is_alive(record.chroma_pid) and not is_alive(record.keeper_pid))


def test_a_full_disk_is_told_at_once(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free

    with pytest.raises(VectorsUnavailableError, match="is full"):
        ensure_room(tmp_path, needed_bytes=2 * free + 1)


def test_a_disk_with_room_is_no_error(tmp_path: Path) -> None:
    ensure_room(tmp_path, needed_bytes=0)
