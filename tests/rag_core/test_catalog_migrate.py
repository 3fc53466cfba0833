from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from rag_core.catalog import tables
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.migrate import REVISIONS, read_revision
from rag_core.catalog.migrations.run import make_config
from rag_core.errors import ConfigurationError

_OPEN = """
import asyncio, sys
from rag_core.catalog.engine import open_catalog

async def main():
    async with open_catalog(sys.argv[1]):
        print("alembic" in sys.modules)

asyncio.run(main())
"""


def _start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, tables.metadata)


async def test_the_migrations_make_the_tables(empty_url: str) -> None:
    async with open_catalog(empty_url) as catalog, catalog.reading() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(read_revision) == REVISIONS[-1]


async def test_the_partial_index_is_there(empty_url: str) -> None:
    async with open_catalog(empty_url) as catalog, catalog.reading() as connection:
        dialect = connection.dialect.name
        query = "SELECT sql FROM sqlite_master WHERE name = 'documents_live_source'"
        if dialect == "postgresql":
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'documents_live_source'"
        definition = str((await connection.execute(text(query))).scalar())

    assert "UNIQUE" in definition
    assert "'live'" in definition


def test_the_revisions_that_we_name_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(make_config()).walk_revisions()

    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS


async def test_a_newer_database_is_refused(empty_url: str) -> None:
    async with open_catalog(empty_url) as catalog, catalog.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))

    with pytest.raises(ConfigurationError, match=r"newer version .* 'future'"):
        async with open_catalog(empty_url):
            pass


async def test_starters_in_one_process_wait_for_each_other(empty_url: str) -> None:
    async def start() -> None:
        async with open_catalog(empty_url) as catalog:
            await catalog.check()

    await asyncio.gather(*(start() for _ in range(5)))


def test_starters_in_several_processes_wait_for_each_other(empty_url: str) -> None:
    starters = [_start(empty_url) for _ in range(2)]

    ends = [(*starter.communicate(timeout=30), starter.returncode) for starter in starters]

    assert [(errors, code) for _, errors, code in ends] == [("", 0)] * 2
    assert "True\n" in [output for output, _, _ in ends]


async def test_alembic_stays_out_when_the_tables_are_current(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    async with open_catalog(url):
        pass

    output, errors = _start(url).communicate(timeout=30)

    assert (output, errors) == ("False\n", "")


async def test_a_start_that_was_killed_is_made_good(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    with sqlite3.connect(file) as half:
        half.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    half.close()

    async with open_catalog(f"sqlite:///{file}") as catalog:
        await catalog.check()


async def test_what_was_plain_text_before_its_markup_was_stored_still_is(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    with sqlite3.connect(file) as old:
        _upgrade_to(old, "0001")
    old.close()

    async with open_catalog(f"sqlite:///{file}") as catalog, catalog.reading() as connection:
        rows = await connection.execute(text("SELECT document_id, markup FROM texts ORDER BY 1"))
        options = await connection.execute(text("SELECT chunk_tokens, strategy FROM collections"))

        languages = await connection.execute(text("SELECT language FROM documents"))

        assert [tuple(row) for row in languages] == [("",), ("",)]
        assert [tuple(row) for row in rows] == [("a", "markdown"), ("b", "plain")]
        assert [tuple(row) for row in options] == [(256, "structure")]


def _upgrade_to(connection: sqlite3.Connection, revision: str) -> None:
    """Make the tables of an earlier version, with two documents in them."""
    engine = create_engine("sqlite://", creator=lambda: connection)
    with engine.connect() as opened:
        config = make_config()
        config.attributes["connection"] = opened
        command.upgrade(config, revision)
        opened.execute(
            text(
                "INSERT INTO collections VALUES (1, 'c', 'f', 3, 'v', 0, 0, '2026-01-01 00:00:00')"
            )
        )
        for name, kind in (("a", "text/markdown"), ("b", "text/plain")):
            opened.execute(
                text(
                    "INSERT INTO documents VALUES (:name, 1, :name, 'live', '', :kind, x'00', 1, "
                    "'{}', 1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
                ),
                {"name": name, "kind": kind},
            )
            opened.execute(text("INSERT INTO texts VALUES (:name, '[]', 'text')"), {"name": name})
        opened.commit()
