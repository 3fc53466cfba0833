"""Turns what SQLAlchemy and the drivers raise into CatalogUnavailableError, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rag_core.errors import CatalogUnavailableError

# What SQLite or asyncpg says, and what it means; the first that is found in its message counts.
_SAID_FAULTS = {
    "database is locked": "another process has been writing to it for more than 30 seconds",
    "disk is full": "the disk is full",
    "disk I/O error": "the disk cannot be read or written",
    "readonly database": "the file may not be written: check its owner and permissions",
    "unable to open database file": "the file cannot be opened: check the folder's permissions",
    "malformed": "the file is damaged: put back a backup",
    "not a database": "the file is no SQLite database: check the path",
    # Of a server that goes away: in a statement, in its rollback, in what comes next.
    "closed in the middle of operation": "the connection was lost",
    "cannot switch to state": "the connection was lost",
    "connection is closed": "the connection was lost",
}
_POSTGRES_FAULTS = {
    "28P01": "the server refuses user or password",
    "28000": "the server refuses user or password",
    "3D000": "the server has no database of this name: create it first",
    "42501": "the user may not do this: grant the rights to create and write tables",
    "53100": "the server's disk is full",
    "53300": "the server has no connection left: raise its max_connections",
    "57P03": "the server is starting up or shutting down",
}
_FAULT_CHARACTERS = 300


@contextmanager
def plain_faults(shown: str) -> Iterator[None]:
    """Let errors of the database out as CatalogUnavailableError, with the URL as shown.

    Raises:
        CatalogUnavailableError: says what is wrong with the database, in one sentence.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise CatalogUnavailableError(f"the catalog {shown}: {_describe(error)}") from error
    except Exception as error:
        # asyncpg's own come through unwrapped while it connects.
        if not type(error).__module__.startswith(("asyncpg", "sqlite3")):
            raise
        raise CatalogUnavailableError(f"the catalog {shown}: {_describe(error)}") from error


def _describe(error: Exception) -> str:
    if isinstance(error, PoolTimeoutError):
        return "all connections are in use, and none came free in time"
    original = error.orig if isinstance(error, DBAPIError) and error.orig else error
    said = str(original).strip()
    if known := _meaning(said, state=str(getattr(original, "sqlstate", None))):
        return known
    if isinstance(original, OSError):
        return f"cannot be reached: {said or 'no answer in time'}"
    return said.partition("\n")[0][:_FAULT_CHARACTERS] or type(original).__name__


def _meaning(said: str, *, state: str) -> str | None:
    """Look up PostgreSQL's code of the error, or else the words of the driver."""
    by_words = (meaning for words, meaning in _SAID_FAULTS.items() if words in said)
    return _POSTGRES_FAULTS.get(state) or next(by_words, None)
