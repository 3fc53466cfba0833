"""Brings a database's tables up to the newest revision, one starter at a time."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import ExitStack

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from rag_core.catalog.addresses import Address
from rag_core.errors import ConfigurationError
from rag_core.locks import locked

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""All that this version knows, oldest first; kept here so that Alembic is not asked (0.4 s)."""

_POSTGRES_LOCK = 0x7261675F  # any number, the same for all of us


async def migrate(engine: AsyncEngine, address: Address) -> None:
    """Make or change the tables, if they are not those of the newest revision.

    Raises:
        ConfigurationError: a newer version of ours made the database.
    """
    async with engine.connect() as connection:
        if await _is_current(connection, address):
            return
    with ExitStack() as stack:
        if address.file:
            lock = address.file.with_name(address.file.name + ".lock")
            await asyncio.to_thread(stack.enter_context, locked(lock))
            await _switch_to_wal(engine)
        async with engine.execution_options(writes=True).begin() as connection:
            await _upgrade(connection, address)


async def _switch_to_wal(engine: AsyncEngine) -> None:
    # Readers and a writer do not wait for each other; the file remembers it.
    async with engine.connect() as connection:
        await connection.execute(text("PRAGMA journal_mode = WAL"))


async def _upgrade(connection: AsyncConnection, address: Address) -> None:
    if address.file is None:
        key = {"key": _POSTGRES_LOCK}
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)
    if not await _is_current(connection, address):
        # Not imported above: a program that finds the tables current need not wait for Alembic.
        alembic = importlib.import_module("rag_core.catalog.migrations.run")
        await connection.run_sync(alembic.upgrade)


async def _is_current(connection: AsyncConnection, address: Address) -> bool:
    revision = await connection.run_sync(read_revision)
    if revision is not None and revision not in REVISIONS:
        raise ConfigurationError(
            f"the catalog {address.shown} was made by a newer version of this program (its "
            f"tables are of revision {revision!r}, this one knows up to {REVISIONS[-1]!r}): "
            "install that version, or set RAG_HOME or DATABASE_URL to another place"
        )
    return revision == REVISIONS[-1]


def read_revision(connection: Connection) -> str | None:
    """Read the revision of the database's tables; None when it has none of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)
