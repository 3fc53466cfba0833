from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.errors import DocumentNotFoundError
from tests.rag_core.catalog_support import make_collection, publish_texts

_PARTS = 40
_ROOT = Path(__file__).parents[2]
_WRITE_FOR_EVER = """
import asyncio, itertools, sys
from rag_core.catalog import documents
from rag_core.catalog.engine import open_catalog
from tests.rag_core.catalog_support import make_collection, publish_texts

async def main():
    async with open_catalog(sys.argv[1]) as catalog:
        collection = await make_collection(catalog)
        for version in itertools.count():
            text = "\\n\\n".join([f"version {version}"] * int(sys.argv[2]))
            await publish_texts(catalog, collection, a=text)
            dead = await documents.dead_ids(catalog, collection)
            await documents.delete_dead(catalog, dead[:-3])

asyncio.run(main())
"""


def _start_writer(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WRITE_FOR_EVER, url, str(_PARTS)], cwd=_ROOT)


async def _read_whole(catalog: Catalog, collection: Collection) -> str:
    """Read the live version in three calls, each of which sees all of it or nothing."""
    summary = (await documents.find_live(catalog, collection, ["a"]))["a"]
    wanted = [f"{summary.id}-{position}" for position in range(_PARTS)]
    found, _ = await chunks.find_vectors(catalog, collection, wanted)
    rows = await chunks.load_passage_rows(catalog, wanted)
    assert len(found) in {0, _PARTS}
    assert len(rows) in {0, _PARTS}
    try:
        _, stored, _ = await documents.get_document(catalog, summary.id)
    except DocumentNotFoundError:
        return ""
    assert all(stored[row.start : row.end] == row.text for row in rows)
    assert len({row.text for row in rows}) <= 1
    return stored


async def test_readers_see_whole_versions_until_a_writer_is_killed(catalog_url: str) -> None:
    async with open_catalog(catalog_url) as catalog:
        collection = await make_collection(catalog)
        await publish_texts(catalog, collection, a="\n\n".join(["first"] * _PARTS))
        writer = _start_writer(catalog_url)
        seen: set[str] = set()

        while len(seen) < 15:
            assert writer.poll() is None
            seen.add(await _read_whole(catalog, collection))
        writer.kill()
        writer.wait()

        assert await _read_whole(catalog, collection)
        await _check_books(catalog, collection)


async def _check_books(catalog: Catalog, collection: Collection) -> None:
    """What the catalog says of itself adds up, and it can be written to again."""
    now = await collections.get_collection(catalog, collection.name)
    async with catalog.reading() as connection:
        last = await connection.execute(text("SELECT count(*), max(seq) FROM changes"))
        assert tuple(last.one()) == (now.seq, now.seq)
        if catalog.url.startswith("sqlite"):
            check = await connection.execute(text("PRAGMA integrity_check"))
            assert check.scalars().all() == ["ok"]
    assert await chunks.count_live_chunks(catalog, collection) == _PARTS
    await publish_texts(catalog, collection, a="after the kill")
    assert await chunks.count_live_chunks(catalog, collection) == 1


async def test_more_readers_than_connections_all_get_their_turn(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one")

    counts = await asyncio.gather(
        *(chunks.count_live_chunks(catalog, collection) for _ in range(50))
    )

    assert counts == [1] * 50
