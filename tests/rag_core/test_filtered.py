"""Searches with a filter find what a scan of the allowed chunks finds, whatever the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_core import filtered
from rag_core import search as search_module
from rag_core.catalog import chunks, documents, vectors
from rag_core.catalog.documents import StagedDocument
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.renames import Rename, rename_documents
from rag_core.documents import document_of, hash_text, indexed_texts
from rag_core.filtered import Filters
from rag_core.filters import Condition, read_filter
from rag_core.index import Index
from rag_core.kept_vectors import KeptVectors, Near
from rag_core.lexical.engine import Lexical
from rag_core.query import FILTERED_OUT, NOTHING, Query
from rag_core.search import search
from tests.fakes import MemoryVectors, WordEmbedder, collection_of, publish
from tests.rag_core.catalog_support import CountingCatalog, make_document

WORDS = "cat dog bird fish horse mouse cow sheep wolf bear fox owl".split()  # noqa: SIM905


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield Index(catalog, WordEmbedder(), MemoryVectors(), Lexical(tmp_path))


async def put(index: Index, *staged: StagedDocument) -> None:
    """Publish documents as an ingest does."""
    collection = await collection_of(index)
    texts = [text for one in staged for text in indexed_texts(one.document, one.chunks)]
    hashes = list(map(hash_text, texts))
    model = index.embedder.fingerprint
    await vectors.save_vectors(index.catalog, model, hashes, await index.embedder.embed(texts))
    await documents.stage_documents(index.catalog, collection, staged)
    ids = [one.id for one in staged]
    await publish(index, collection, ids)


def numbered(source: str, number: int, *texts: str) -> StagedDocument:
    return make_document(source, *texts, metadata={"number": str(number)})


async def fill(index: Index, *, count: int = 120) -> None:
    """Documents of three chunks each, numbered by their metadata."""
    chance = np.random.default_rng(1)
    made = [
        numbered(f"/{number}", number, *(" ".join(chance.choice(WORDS, 6)) for _ in range(3)))
        for number in range(count)
    ]
    await put(index, *made)


def below(limit: int) -> Condition:
    return read_filter({"type": "lt", "key": "metadata.number", "value": limit})


async def find(index: Index, text: str, condition: Condition, *, top_k: int = 8) -> list[str]:
    found = await search(index, "default", Query(text, top_k, filter=condition))
    return [one.source for one in found.passages]


async def scan(index: Index, text: str, limit: int, *, top_k: int = 8) -> list[float]:
    """The best fused scores of all chunks that are allowed, each computed."""
    collection = await collection_of(index)
    vector = (await index.embedder.embed([text]))[0]
    matches = await index.lexical.search(collection, text, 10_000)
    words, scores = dict(matches.best), []
    async for ids, matrix in chunks.live_vectors(index.catalog, collection):
        for row in await chunks.load_passage_rows(index.catalog, ids):
            if int(row.metadata["number"]) < limit:
                cosine = float(matrix[ids.index(row.chunk_id)] @ vector)
                lexical = min(1.0, words.get(row.chunk_id, 0.0) / matches.ceiling)
                scores.append(0.4 * cosine + 0.6 * lexical)
    return sorted(scores, reverse=True)[:top_k]


@pytest.mark.parametrize("kept_bytes", [0, 10_000, 10_000_000])
@pytest.mark.parametrize(("asked", "depth"), [(0, 100), (3_000, 100), (3_000, 9)])
async def test_a_filtered_search_is_a_scan_of_what_is_allowed(
    index: Index, monkeypatch: pytest.MonkeyPatch, kept_bytes: int, asked: int, depth: int
) -> None:
    monkeypatch.setattr(filtered, "_MOST_ASKED", asked)
    monkeypatch.setattr(search_module, "_DEPTH", depth)
    index = replace(index, filters=Filters(most_bytes=kept_bytes))
    await fill(index)

    for limit in (1, 6, 60, 119):
        for text in ("cat dog", "a wolf and an owl", "zebra"):
            found = await search(index, "default", Query(text, 8, filter=below(limit)))

            assert all(int(one.metadata["number"]) < limit for one in found.passages)
            scores = [one.fused_score for one in found.passages]
            assert scores == pytest.approx(await scan(index, text, limit), abs=1e-5)


async def test_a_filter_does_not_change_the_scores(index: Index) -> None:
    await fill(index, count=30)

    every = await search(index, "default", Query("cat dog", 90))
    some = await search(index, "default", Query("cat dog", 90, filter=below(7)))

    scores = {one.chunk_id: one.fused_score for one in every.passages}
    assert some.passages
    for one in some.passages:
        assert one.fused_score == pytest.approx(scores[one.chunk_id], abs=1e-6)


async def test_what_is_not_allowed_does_not_push_out_what_is(
    index: Index,
) -> None:
    index = replace(index, filters=Filters(most_bytes=0))
    cats = [numbered(f"/cat{number}", 1, "the cat") for number in range(300)]
    dogs = [numbered(f"/dog{number}", 0, "a dog") for number in range(300)]
    await put(index, *cats, *dogs)

    assert len(await find(index, "the cat", below(1), top_k=20)) == 20


async def test_a_filter_that_allows_nothing_says_so(index: Index) -> None:
    await fill(index, count=3)

    assert await search(index, "default", Query("cat", 5, filter=below(0))) == FILTERED_OUT


async def test_no_filter_is_blamed_for_a_collection_that_was_emptied(index: Index) -> None:
    await fill(index, count=3)
    collection = await collection_of(index)
    live = await documents.list_documents(index.catalog, collection, limit=9)

    await documents.remove_documents(index.catalog, collection, [one.id for one in live])

    assert await search(index, "default", Query("cat", 5, filter=below(9))) == NOTHING


async def test_an_empty_collection_stays_an_empty_collection(index: Index) -> None:
    await collection_of(index)

    found = await search(index, "default", Query("cat", 5, filter=below(9)))

    assert found.empty == "empty_collection"


async def test_a_change_between_two_searches_is_seen(index: Index) -> None:
    await fill(index, count=5)
    before = await find(index, "unicorn", below(3))

    await put(index, numbered("/1", 7, "now a unicorn"), numbered("/new", 2, "a unicorn"))
    after = await find(index, "unicorn", below(3))

    assert "/1" in before
    assert after[0] == "/new"
    assert "/1" not in after


async def test_a_removed_document_is_not_allowed_any_more(index: Index) -> None:
    await fill(index, count=5)
    await find(index, "cat", below(9))
    collection = await collection_of(index)
    gone = (await documents.find_live(index.catalog, collection, ["/1"]))["/1"]

    await documents.remove_documents(index.catalog, collection, [gone.id])

    assert "/1" not in await find(index, "cat", below(9))


async def test_a_renamed_document_is_filtered_by_its_new_source(index: Index) -> None:
    await fill(index, count=3)
    by_source = read_filter({"type": "eq", "key": "source", "value": "/new"})
    before = await find(index, "cat", by_source)
    collection = await collection_of(index)
    moved = (await documents.find_live(index.catalog, collection, ["/1"]))["/1"]

    await rename_documents(
        index.catalog, collection, [Rename(moved.id, "/1", "/new", reread=False)]
    )

    assert before == []
    assert await find(index, "cat", by_source) == ["/new"] * 3


async def test_only_new_documents_are_read_again(index: Index) -> None:
    await fill(index, count=4)
    collection, kept = await collection_of(index), KeptVectors()
    near = Near((await index.embedder.embed(["cat"]))[0], 100)
    ids = await _live(index)
    await kept.nearest(index.catalog, collection, ids, key="a", near=near)
    await put(index, numbered("/new", 5, "a cat"))

    reading = CountingCatalog(index.catalog)
    now = await _live(index)
    found = await kept.nearest(reading, collection, now, key="a", near=near)
    again = await kept.nearest(reading, collection, now, key="a", near=near)

    assert reading.rows_read == 1
    assert {document_of(one) for one, _ in found} == set(now)
    assert again == found


async def test_too_many_to_be_kept_are_compared_in_parts(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag_core.kept_vectors._PART_CHUNKS", 4)
    await fill(index, count=10)
    collection, ids = await collection_of(index), await _live(index)
    near = Near((await index.embedder.embed(["cat dog"]))[0], 5)

    whole = await KeptVectors().nearest(index.catalog, collection, ids, key="a", near=near)
    parts = await KeptVectors(most_bytes=10).nearest(
        index.catalog, collection, ids, key="a", near=near
    )

    assert np.allclose([one[1] for one in whole], [one[1] for one in parts])
    assert len(parts) == 5


async def test_no_more_is_kept_than_fits(index: Index) -> None:
    await fill(index, count=4)
    collection, ids = await collection_of(index), await _live(index)
    near = Near((await index.embedder.embed(["cat"]))[0], 5)
    kept = KeptVectors(most_bytes=24 * collection.dimension * 4)

    for key in "abc":
        await kept.nearest(index.catalog, collection, ids, key=key, near=near)

    assert list(kept._kept) == ["b", "c"]


async def _live(index: Index) -> dict[str, int]:
    collection = await collection_of(index)
    every = await documents.list_documents(index.catalog, collection, limit=1000)
    return {one.id: one.chunks for one in every}
