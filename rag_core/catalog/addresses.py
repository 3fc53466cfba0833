"""Turns a DATABASE_URL into what SQLAlchemy takes and what may be shown to a user."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from rag_core.errors import ConfigurationError, MissingPackageError

_FORMS = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
_POSTGRES_OPTIONS = ("host", "port", "sslmode")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the catalog is."""

    url: URL
    shown: str
    """The URL without its password."""
    file: Path | None
    """Of SQLite; None when a server holds the catalog."""


def parse_address(url: str) -> Address:
    """Read `sqlite:///path`, `postgresql://…` or `postgres://…`.

    Raises:
        ConfigurationError: it is none of these; the text does not repeat the password.
        MissingPackageError: it is PostgreSQL, and its driver is not installed.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        return _sqlite_address(url)
    if scheme in {"postgresql", "postgres"}:
        return _postgres_address(url)
    raise ConfigurationError(f"DATABASE_URL begins with {scheme!r}: it must be {_FORMS}")


def _sqlite_address(url: str) -> Address:
    # Not by make_url: a path may hold a question mark.
    name = url.partition(":///")[2]
    if not name or name == ":memory:":
        raise ConfigurationError(f"DATABASE_URL={url!r} names no file: it must be {_FORMS}")
    file = Path(name).expanduser().absolute()
    return Address(URL.create("sqlite+aiosqlite", database=str(file)), f"sqlite:///{file}", file)


def _postgres_address(url: str) -> Address:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(f"DATABASE_URL cannot be read: it must be {_FORMS}") from error
    if unknown := sorted(set(parsed.query) - set(_POSTGRES_OPTIONS)):
        raise ConfigurationError(
            f"DATABASE_URL has the option {unknown[0]!r}; known are: {', '.join(_POSTGRES_OPTIONS)}"
        )
    if find_spec("asyncpg") is None:
        raise MissingPackageError("asyncpg", needed_for="a catalog in PostgreSQL (DATABASE_URL)")
    # asyncpg knows libpq's sslmode by the name of ssl.
    query = {"ssl" if key == "sslmode" else key: value for key, value in parsed.query.items()}
    shown = URL.create(
        "postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database
    )
    parsed = parsed.set(drivername="postgresql+asyncpg", query=query)
    return Address(parsed, shown.render_as_string(), None)
