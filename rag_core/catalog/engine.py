"""Turns a database URL into an open Catalog: connections to read and to write by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from rag_core.catalog.addresses import Address, parse_address
from rag_core.catalog.faults import plain_faults
from rag_core.catalog.migrate import migrate
from rag_core.errors import CatalogUnavailableError

_POOL_SIZE = 8
_POOL_SECONDS = 30
_CONNECT_SECONDS = 10
_STATEMENT_SECONDS = 300
_SQLITE_BUSY_SECONDS = 30

# With WAL a kill -9 loses nothing at NORMAL either, but a power cut may roll back the last
# commits. The indexes that follow the change feed would then be ahead of it, and skip what takes
# the lost numbers again. FULL costs one fsync a commit, and commits are large.
_SQLITE_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA mmap_size = 1073741824",  # 200 chunks' vectors of 100,000: 2.7 ms, without it 4.5 ms
    "PRAGMA cache_size = -16384",
    "PRAGMA journal_size_limit = 67108864",
)


_Values = Mapping[str, object]
_Rows = Sequence[Row[*tuple[Any, ...]]]


class Catalog:
    """An open database; what it holds is read and written by the modules of this package."""

    def __init__(self, address: Address, engine: AsyncEngine, fast: FastReader | None) -> None:
        self.url = address.shown
        """Without its password."""
        self._reader = (
            engine if address.file else engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._fast = fast
        self._writer = engine.execution_options(writes=True)
        # Writers of one process wait here, in order, not in SQLite's busy handler, in threads.
        self._turn = asyncio.Lock() if address.file else asyncio.Semaphore(_POOL_SIZE)

    async def check(self) -> None:
        """Ask the database something trivial.

        Raises:
            CatalogUnavailableError: it does not answer.
        """
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1 FROM collections LIMIT 1"))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Connect to read: each statement sees one state of the database.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        with plain_faults(self.url):
            async with self._reader.connect() as connection:
                yield connection

    async def rows(self, statement: Executable, values: _Values) -> _Rows:
        """Read all that one statement gives, the cheapest way: for what each search asks.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        if self._fast is None:
            async with self.reading() as connection:
                return (await connection.execute(statement, values)).all()
        with plain_faults(self.url):
            return await self._fast.rows(statement, values)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Hold on to this moment of the database; others go on writing, unseen.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        with plain_faults(self.url):
            async with self._reader.connect() as connection:
                if self._fast is None:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                else:
                    await connection.exec_driver_sql("BEGIN")
                yield Snapshot(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Connect to write, in one transaction: all of the block, or with an error nothing.

        Raises:
            CatalogUnavailableError: the database does not answer.
        """
        with plain_faults(self.url):
            async with self._turn, self._writer.begin() as connection:
                yield connection


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog as it was at one moment, for who reads much of it in many statements."""

    connection: AsyncConnection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give the one connection."""
        yield self.connection


class FastReader:
    """Runs a statement on SQLite within one thread.

    The asynchronous driver goes to its thread and back for each step, five times a statement: it
    takes 0.4 ms of CPU for a short one, this 0.15.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(_POOL_SIZE, thread_name_prefix="catalog")

    async def rows(self, statement: Executable, values: _Values) -> _Rows:
        """Give all rows of one statement."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._rows, statement, values)

    def close(self) -> None:
        """Let statements under way finish, some milliseconds, and close the connections."""
        self._threads.shutdown(cancel_futures=True)
        self.engine.dispose()

    def _rows(self, statement: Executable, values: _Values) -> _Rows:
        with self.engine.connect() as connection:
            return connection.execute(statement, values).all()


@asynccontextmanager
async def open_catalog(url: str) -> AsyncIterator[Catalog]:
    """Open the database, made and brought up to date if need be; closes its connections.

    Raises:
        ConfigurationError: the URL is wrong, or a newer version of ours made the database.
        CatalogUnavailableError: the database does not answer.
    """
    address = parse_address(url)
    async with AsyncExitStack() as stack:
        with plain_faults(address.shown):
            if address.file:
                _make_folder(address.file.parent)
            engine = _make_engine(address)
            stack.push_async_callback(engine.dispose)
            await migrate(engine, address)
            fast = _make_fast_reader(address)
            if fast is not None:
                stack.callback(fast.close)
        yield Catalog(address, engine, fast)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogUnavailableError(
            f"cannot make the catalog's folder {folder}: {error}"
        ) from error


def _make_engine(address: Address) -> AsyncEngine:
    if address.file is None:
        return create_async_engine(
            address.url,
            pool_size=_POOL_SIZE,
            pool_timeout=_POOL_SECONDS,
            pool_pre_ping=True,
            connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": _STATEMENT_SECONDS},
        )
    engine = create_async_engine(
        address.url,
        pool_size=_POOL_SIZE,
        pool_timeout=_POOL_SECONDS,
        connect_args={"timeout": _SQLITE_BUSY_SECONDS},
    )
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _make_fast_reader(address: Address) -> FastReader | None:
    if address.file is None:
        return None
    engine = create_engine(
        address.url.set(drivername="sqlite"),
        pool_size=_POOL_SIZE,
        pool_use_lifo=True,  # the one used last has the pages at hand
        connect_args={"timeout": _SQLITE_BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _set_up_sqlite)
    return FastReader(engine)


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Without this the driver begins transactions by itself, and not all of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE waits for its turn; a transaction that begins by reading would fail instead.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
