"""kill -9 at random moments of the commands that change the stores leaves stores that are well."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.findings import Finding
from ingest.verify import open_stores, verify_collection
from rag_core.catalog import collections, documents
from rag_core.embedding import open_embedder
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from tests.fakes import stage
from tests.rag_core.vectors_support import kept_server

DOCUMENTS = 150
KILLS = 2
MODEL = "langchain:tests.embeddings.WordEmbeddings"
OTHER_MODEL = "langchain:tests.embeddings.SlowEmbeddings"


@dataclass(frozen=True)
class Home:
    """A store with one collection, in SQLite or PostgreSQL."""

    settings: Settings
    environment: dict[str, str]

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ingest", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def run(self, *arguments: object) -> float:
        """Run a command to its end; gives the seconds that it took."""
        started = time.monotonic()
        assert self.start(*arguments).wait(60) == 0
        return time.monotonic() - started

    def kill_at_random(self, longest: float, *arguments: object) -> None:
        with self.start(*arguments) as process:
            time.sleep(random.uniform(0.4, 1.0) * longest)  # noqa: S311
            process.kill()

    async def look(self, name: str = "notes") -> tuple[int, tuple[Finding, ...]]:
        """How many documents are live, and what is wrong with the stores."""
        async with open_stores(self.settings) as stores:
            verdict = await verify_collection(stores, name)
        return verdict.documents, verdict.findings

    async def look_after_recovery(self, name: str) -> tuple[int, tuple[Finding, ...]]:
        """Do as every other program does that opens the index, then look."""
        async with open_stores(self.settings) as stores:
            found = {one.name: one for one in await collections.all_collections(stores.catalog)}
            if name not in found:
                return 0, ()
            await upkeep.recover(stores.catalog, stores.vectors, found[name])
        return await self.look(name)

    async def fill(self) -> None:
        texts = {f"{n}": f"Note {n}.\n\nIt says {n} twice.\n\n{n}." for n in range(DOCUMENTS)}
        async with open_stores(self.settings) as stores, open_embedder(self.settings) as embedder:
            collection = await collections.ensure_collection(
                stores.catalog,
                "notes",
                fingerprint=embedder.fingerprint,
                dimension=embedder.dimension,
            )
            ids = await stage(stores.catalog, collection, embedder, texts)
            await upkeep.publish(stores.catalog, stores.vectors, collection, ids)

    async def damage(self) -> None:
        """Lose what all three stores have of the collection, but for its texts and chunks."""
        async with open_stores(self.settings) as stores:
            collection = await collections.get_collection(stores.catalog, "notes")
            async with stores.catalog.writing() as connection:
                await connection.execute(text("DELETE FROM vectors"))
            await stores.vectors.drop(collection.vector_index)
            await stores.lexical.drop(collection)

    async def remove(self, count: int) -> None:
        async with open_stores(self.settings) as stores:
            collection = await collections.get_collection(stores.catalog, "notes")
            live = await documents.list_documents(stores.catalog, collection, limit=count)
            await documents.remove_documents(stores.catalog, collection, [one.id for one in live])


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    with kept_server(tmp_path):
        changed = {"RAG_HOME": str(tmp_path), "EMBEDDING_MODEL": MODEL, "RAG_COLLECTION": "notes"}
        if request.param == "postgresql":
            database = request.getfixturevalue("postgres").new_database("template1")
            changed["DATABASE_URL"] = database
        settings = Settings(_env_file=None, **changed)  # type: ignore[arg-type]
        made = Home(settings, {**os.environ, **changed})
        asyncio.run(made.fill())
        yield made


@pytest.mark.parametrize("command", [("rebuild",), ("repair",), ("compact", "--unused-vectors")])
def test_a_killed_command_leaves_the_stores_well(home: Home, command: tuple[str, ...]) -> None:
    longest = home.run(*command)
    for killed in range(1, KILLS + 1):
        asyncio.run(home.remove(5))
        home.kill_at_random(longest, *command)
        assert asyncio.run(home.look()) == (DOCUMENTS - 5 * killed, ())

    home.run(*command)

    assert asyncio.run(home.look()) == (DOCUMENTS - 5 * KILLS, ())


def test_a_killed_repair_leaves_what_the_next_one_mends(home: Home) -> None:
    asyncio.run(home.damage())
    longest = home.run("repair")
    for _ in range(KILLS):
        asyncio.run(home.damage())
        home.kill_at_random(longest, "repair")

    home.run("repair")

    assert asyncio.run(home.look()) == (DOCUMENTS, ())


def test_a_killed_reindex_never_hurts_the_live_version_and_goes_on(home: Home) -> None:
    longest = home.run("reindex", "--chunk-tokens", "64")
    for killed in range(1, KILLS + 1):
        home.kill_at_random(longest, "reindex", "--embedding", OTHER_MODEL)
        assert asyncio.run(home.look()) == (DOCUMENTS - 5 * (killed - 1), ())
        asyncio.run(home.remove(5))

    home.run("reindex", "--embedding", OTHER_MODEL)

    assert asyncio.run(home.look()) == (DOCUMENTS - 5 * KILLS, ())


def test_a_killed_import_shows_nothing_or_all(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "notes.zip"
    longest = home.run("export", file)
    for _ in range(KILLS):
        home.kill_at_random(longest, "import", file, "--collection", "copy")
        assert asyncio.run(home.look_after_recovery("copy")) in {(0, ()), (DOCUMENTS, ())}

    home.run("import", file, "--collection", "copy")

    assert asyncio.run(home.look("copy")) == (DOCUMENTS, ())
    assert asyncio.run(home.look()) == (DOCUMENTS, ())


def test_a_killed_export_leaves_no_file_or_a_whole_one(home: Home, tmp_path: Path) -> None:
    longest = home.run("export", tmp_path / "first.zip")
    for _ in range(KILLS):
        home.kill_at_random(longest, "export", tmp_path / "notes.zip", "--overwrite")
        if (tmp_path / "notes.zip").exists():
            home.run("import", tmp_path / "notes.zip")

    home.run("export", tmp_path / "notes.zip", "--overwrite")

    home.run("import", tmp_path / "notes.zip", "--collection", "copy")
    assert asyncio.run(home.look("copy")) == (DOCUMENTS, ())
