from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.originals import get_original
from rag_core.documents import hash_text
from rag_core.errors import DocumentNotFoundError
from rag_core.originals import Dropped, drop_originals, find_original, keep_originals
from tests.rag_core.catalog_support import make_collection, make_document

TEXT = "A page.Another page."
HASH = hash_text(TEXT)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as opened:
        yield opened


@pytest.fixture
async def collection(catalog: Catalog) -> Collection:
    return await make_collection(catalog)


async def publish(catalog: Catalog, collection: Collection, source: str = "upload:a") -> str:
    staged = make_document(source, "A page.", "Another page.")
    await documents.stage_documents(catalog, collection, [staged])
    await documents.publish_documents(catalog, collection, [staged.id])
    return staged.id


def write(path: Path, text: str = TEXT) -> Path:
    path.write_text(text)
    return path


def list_kept(home: Path) -> list[Path]:
    return list(home.glob("originals/??/*"))


async def test_a_file_is_kept_as_long_as_a_document_was_read_from_it(
    catalog: Catalog, collection: Collection, tmp_path: Path
) -> None:
    ids = [await publish(catalog, collection, source) for source in ("upload:a", "upload:b")]
    path, other = write(tmp_path / "upload"), write(tmp_path / "other", "is no document's")
    await keep_originals(catalog, tmp_path, [path, other])
    path.unlink()
    kept = find_original(tmp_path, "upload:a", HASH)
    await documents.remove_documents(catalog, collection, ids[:1])
    held = await drop_originals(catalog, tmp_path, [HASH])
    await documents.remove_documents(catalog, collection, ids[1:])

    assert kept is not None
    assert kept.read_text() == TEXT
    assert list_kept(tmp_path) == [kept]
    assert held == Dropped(0, 0)
    assert await drop_originals(catalog, tmp_path) == Dropped(1, len(TEXT))
    assert find_original(tmp_path, "upload:a", HASH) is None


async def test_where_a_file_has_no_second_name_a_copy_is_kept(
    catalog: Catalog, collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    await publish(catalog, collection)
    path = write(tmp_path / "upload")
    await keep_originals(catalog, tmp_path, [path])
    await keep_originals(catalog, tmp_path, [path])

    (kept,) = list_kept(tmp_path)
    assert (kept.read_text(), kept.stat().st_nlink) == (TEXT, 1)


async def test_a_file_that_was_ingested_where_it_lies_is_found_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf")

    assert find_original(tmp_path, str(path), HASH) == path
    assert find_original(tmp_path, "a.pdf", HASH) is None
    assert find_original(tmp_path, str(tmp_path), HASH) is None


async def test_the_catalog_tells_which_file_a_document_was_read_from(
    catalog: Catalog, collection: Collection
) -> None:
    document_id = await publish(catalog, collection)
    original = await get_original(catalog, document_id)

    assert (original.source, original.content_hash) == ("upload:a", HASH)
    assert original.page_starts == (0, 7)
    with pytest.raises(DocumentNotFoundError):
        await get_original(catalog, "never-there")
