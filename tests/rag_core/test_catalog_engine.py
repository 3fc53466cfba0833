from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncpg import InternalClientError
from sqlalchemy import text

from rag_core.catalog import collections, documents
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.faults import plain_faults
from rag_core.errors import CatalogUnavailableError
from tests.conftest import Postgres
from tests.rag_core.catalog_support import make_collection, publish_texts, stage_texts


@pytest.fixture
async def file_catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with open_catalog(f"sqlite:///{tmp_path / 'new folder' / 'catalog.sqlite3'}") as opened:
        yield opened


async def _run(catalog: Catalog, statement: str) -> None:
    async with catalog.reading() as connection:
        await connection.execute(text(statement))


async def test_an_open_catalog_answers(catalog: Catalog) -> None:
    await catalog.check()


async def test_closing_leaves_no_thread(catalog_url: str) -> None:
    before = set(threading.enumerate())
    async with open_catalog(catalog_url) as catalog:
        await asyncio.gather(*(catalog.check() for _ in range(6)))
    left = set(threading.enumerate()) - before

    for thread in left:
        thread.join(5)  # it has answered that it ends, and may not have had its turn to

    assert not [thread for thread in left if thread.is_alive()]


async def test_what_was_written_is_there_when_opened_again(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as catalog:
        await publish_texts(catalog, await make_collection(catalog), a="one")

    async with open_catalog(catalog_url) as catalog:
        collection = await collections.get_collection(catalog, "default")
        assert [*await documents.find_live(catalog, collection, ["a"])] == ["a"]


async def test_an_error_in_a_block_undoes_all_of_it(catalog: Catalog) -> None:
    async def fail() -> None:
        async with catalog.writing() as connection:
            await connection.execute(text("DELETE FROM alembic_version"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with catalog.reading() as connection:
        versions = await connection.execute(text("SELECT count(*) FROM alembic_version"))
        assert versions.scalar() == 1


async def test_a_writer_that_is_cancelled_leaves_nothing_behind(catalog: Catalog) -> None:
    async def write() -> None:
        async with catalog.writing() as connection:
            await connection.execute(text("DELETE FROM alembic_version"))
            await asyncio.sleep(60)

    writer = asyncio.create_task(write())
    await asyncio.sleep(0.1)
    writer.cancel()
    await asyncio.wait([writer])

    collection = await make_collection(catalog)
    assert collection.seq == 0
    async with catalog.reading() as connection:
        versions = await connection.execute(text("SELECT count(*) FROM alembic_version"))
        assert versions.scalar() == 1


async def test_readers_do_not_wait_for_a_writer(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    async with catalog.writing() as connection:
        await connection.execute(text("UPDATE collections SET removed_vectors = 1"))

        seen = await asyncio.wait_for(collections.get_collection(catalog, "default"), 5)

    assert seen == collection


async def test_writers_of_one_catalog_take_turns(file_catalog: Catalog) -> None:
    collection = await make_collection(file_catalog)

    made = await asyncio.gather(
        *(stage_texts(file_catalog, collection, **{f"/{n}": "one"}) for n in range(20))
    )

    staged = await documents.staged_ids(file_catalog, collection)
    assert staged == sorted(one for (one,) in made)


async def test_sqlite_runs_as_it_was_set_up(file_catalog: Catalog) -> None:
    async with file_catalog.reading() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert found == ["wal", 2, 1, 30_000]


async def test_a_locked_file_is_said_to_be_locked(file_catalog: Catalog) -> None:
    await _run(file_catalog, "PRAGMA busy_timeout = 10")
    other = sqlite3.connect(file_catalog.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(CatalogUnavailableError, match="another process has been writing"):
        await make_collection(file_catalog)

    other.close()
    assert (await make_collection(file_catalog)).seq == 0


async def test_a_full_disk_is_said_to_be_full(file_catalog: Catalog) -> None:
    collection = await make_collection(file_catalog)
    await _run(file_catalog, "PRAGMA max_page_count = 1")

    with pytest.raises(CatalogUnavailableError, match="the disk is full"):
        await stage_texts(file_catalog, collection, a="x" * 100_000)

    await _run(file_catalog, "PRAGMA max_page_count = 100000")
    assert await documents.staged_ids(file_catalog, collection) == []


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, " * 100)

    with pytest.raises(CatalogUnavailableError, match="no SQLite database: check the path"):
        async with open_catalog(f"sqlite:///{tmp_path / 'notes.txt'}"):
            pass


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CatalogUnavailableError, match="cannot make the catalog's folder"):
        async with open_catalog(f"sqlite:///{tmp_path / 'file' / 'catalog.sqlite3'}"):
            pass


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(CatalogUnavailableError, match="cannot be reached") as caught:
        async with open_catalog(f"postgresql://user:secret@127.0.0.1:{port}/name"):
            pass

    assert f"user@127.0.0.1:{port}/name" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_host_that_has_no_address_is_said_to_be_out_of_reach() -> None:
    with pytest.raises(CatalogUnavailableError, match="cannot be reached"):
        async with open_catalog("postgresql://user:secret@host.invalid/name"):
            pass


@pytest.mark.parametrize(
    "said",
    [
        "connection was closed in the middle of operation",
        "cannot switch to state 12; another operation (2) is in progress",
        "cannot perform operation: connection is closed",
    ],
)
def test_a_server_that_is_killed_is_a_lost_connection(said: str) -> None:
    lost = pytest.raises(
        CatalogUnavailableError, match=r"^the catalog db: the connection was lost$"
    )
    with lost, plain_faults("db"):
        raise InternalClientError(said)


async def test_a_wrong_user_and_a_missing_database_are_told_apart(postgres: Postgres) -> None:
    right = postgres.server.get_uri("nowhere")
    wrong = right.replace("postgres:@", "nobody:secret@")

    with pytest.raises(CatalogUnavailableError, match="no database of this name"):
        async with open_catalog(right):
            pass
    with pytest.raises(CatalogUnavailableError, match="refuses user or password") as caught:
        async with open_catalog(wrong):
            pass

    assert "secret" not in str(caught.value)


async def test_a_lost_connection_is_made_again(postgres: Postgres) -> None:
    async with open_catalog(postgres.new_database("template1")) as catalog:
        await catalog.check()
        postgres.server.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )

        await catalog.check()
