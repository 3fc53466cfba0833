"""A real index in a folder of its own: SQLite, tantivy, and one Chroma server for the session."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ingest.verify import Stores
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.index import Index
from rag_core.lexical.engine import Lexical
from rag_core.settings import Settings
from rag_core.vectors.chroma import open_vectors
from tests.fakes import WordEmbedder
from tests.ingest.stores_support import Filled, fill


@pytest.fixture(scope="session")
def ingest_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Chroma server lives; it outlasts a test by seconds, so the next one finds it."""
    return tmp_path_factory.mktemp("ingest_home")


@pytest.fixture
def home(ingest_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The session's store, with the real model; each test has a collection of its own."""
    monkeypatch.setenv("RAG_HOME", str(ingest_home))
    monkeypatch.setenv("EMBEDDING_MODEL", "local")
    monkeypatch.setenv("RAG_COLLECTION", f"test-{time.monotonic_ns()}")
    monkeypatch.chdir(ingest_home)
    return ingest_home


@pytest.fixture
async def index(tmp_path: Path, ingest_home: Path) -> AsyncIterator[Index]:
    settings = Settings(RAG_HOME=ingest_home, _env_file=None)
    home = tmp_path / "home"
    async with (
        open_catalog(f"sqlite:///{home / 'catalog.sqlite3'}") as catalog,
        open_vectors(settings) as vectors,
    ):
        yield Index(catalog, WordEmbedder(), vectors, Lexical(home))


@pytest.fixture
async def stores(catalog: Catalog, tmp_path: Path, ingest_home: Path) -> AsyncIterator[Stores]:
    """A catalog in SQLite or PostgreSQL, the session's Chroma, and a lexical index."""
    async with open_vectors(Settings(RAG_HOME=ingest_home, _env_file=None)) as vectors:
        yield Stores(catalog, vectors, Lexical(tmp_path))


@pytest.fixture
async def filled(stores: Stores) -> Filled:
    return Filled(stores, await fill(stores))


@pytest.fixture
def other_url(request: pytest.FixtureRequest, catalog_url: str, tmp_path: Path) -> str:
    """A database in PostgreSQL when `catalog` is in SQLite, and the reverse."""
    if catalog_url.startswith("sqlite"):
        return request.getfixturevalue("postgres").new_database("template1")
    return f"sqlite:///{tmp_path / 'other.sqlite3'}"


@pytest.fixture
async def other_stores(other_url: str, tmp_path: Path, ingest_home: Path) -> AsyncIterator[Stores]:
    """The stores of another machine."""
    async with (
        open_catalog(other_url) as other,
        open_vectors(Settings(RAG_HOME=ingest_home, _env_file=None)) as vectors,
    ):
        yield Stores(other, vectors, Lexical(tmp_path / "other"))
