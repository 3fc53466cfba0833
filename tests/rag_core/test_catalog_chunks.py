from __future__ import annotations

import numpy as np
import pytest

from rag_core.catalog import chunks, documents, vectors
from rag_core.catalog.engine import Catalog
from rag_core.documents import hash_text, indexed_text
from tests.rag_core.catalog_support import (
    EMBEDDER,
    make_collection,
    make_document,
    publish_texts,
    stage_texts,
)


async def test_live_chunks_are_found_with_their_vectors(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    one, two = await publish_texts(catalog, collection, a="one\n\ntwo", b="three")
    asked = [f"{two}-0", "unknown", f"{one}-1", f"{one}-0"]

    found, matrix = await chunks.find_vectors(catalog, collection, asked)

    expected = await EMBEDDER.embed(["three", "two", "one"])
    known = [chunk_id for chunk_id in asked if chunk_id != "unknown"]
    assert sorted(found) == sorted(known)
    assert np.array_equal(matrix[[found.index(chunk_id) for chunk_id in known]], expected)


async def test_live_documents_are_found_with_their_vectors(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    one, two = await publish_texts(catalog, collection, a="one\n\ntwo", b="three")
    (staged,) = await stage_texts(catalog, collection, c="four")

    asked = [one, two, staged, "unknown"]
    found, matrix = await chunks.document_vectors(catalog, collection, asked)

    assert sorted(found) == sorted([f"{one}-0", f"{one}-1", f"{two}-0"])
    expected = await EMBEDDER.embed(["three"])
    assert np.array_equal(matrix[[found.index(f"{two}-0")]], expected)


async def test_chunks_of_replaced_documents_are_not_found(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old")
    (new,) = await publish_texts(catalog, collection, a="new")
    asked = [f"{old}-0", f"{new}-0"]

    found, _ = await chunks.find_vectors(catalog, collection, asked)
    rows = await chunks.load_passage_rows(catalog, asked)

    assert found == [f"{new}-0"]
    assert [row.document_id for row in rows] == [new]


async def test_chunks_of_another_collection_are_not_found(catalog: Catalog) -> None:
    one, other = await make_collection(catalog, "one"), await make_collection(catalog, "other")
    (theirs,) = await publish_texts(catalog, other, a="theirs")

    found, matrix = await chunks.find_vectors(catalog, one, [f"{theirs}-0"])

    assert found == []
    assert matrix.shape == (0, one.dimension)


async def test_any_number_of_chunks_is_looked_up(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (made,) = await publish_texts(catalog, collection, a="one")
    asked = [f"{made}-{position}" for position in range(40_000)]

    found, _ = await chunks.find_vectors(catalog, collection, asked)

    assert found == [f"{made}-0"]


@pytest.mark.parametrize("hostile", ["", "\0", "\ud800", "x' OR '1'='1", "%", '"]'])
async def test_no_id_is_more_than_an_id(catalog: Catalog, hostile: str) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, a="one")

    assert (await chunks.find_vectors(catalog, collection, [hostile]))[0] == []
    assert await chunks.load_passage_rows(catalog, [hostile]) == []


async def test_a_passage_row_has_all_of_its_chunk_and_document(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("/a.pdf", "one ", "two", metadata={"year": "1999"})
    await documents.stage_documents(catalog, collection, [made])
    await documents.publish_documents(catalog, collection, [made.id])

    second, first = await chunks.load_passage_rows(catalog, [f"{made.id}-1", f"{made.id}-0"])

    assert (first.text, second.text) == ("one ", "two")
    assert second == chunks.PassageRow(
        chunk_id=f"{made.id}-1",
        document_id=made.id,
        collection="default",
        source="/a.pdf",
        title="A title",
        text="two",
        start=4,
        end=7,
        page=2,
        heading_path=("Part", "2"),
        metadata={"year": "1999"},
    )


async def test_the_vectors_of_documents_come_whatever_their_state(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (dead,) = await publish_texts(catalog, collection, a="one")
    (live,) = await publish_texts(catalog, collection, a="two\n\nthree\n\nfour")
    (staged,) = await stage_texts(catalog, collection, b="five")
    wanted = [dead, live, staged]

    batches = [batch async for batch in chunks.chunk_vectors(catalog, collection, wanted, batch=2)]

    ids = [chunk_id for batch, _ in batches for chunk_id in batch]
    assert [len(batch) for batch, _ in batches] == [2, 2, 1]
    assert ids == sorted(await chunks.chunk_ids(catalog, wanted))
    rows = dict(zip(ids, np.concatenate([matrix for _, matrix in batches]), strict=True))
    assert np.array_equal(rows[f"{staged}-0"], (await EMBEDDER.embed(["five"]))[0])


async def test_a_rebuild_reads_the_live_and_the_staged(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    other = await make_collection(catalog, "other")
    await publish_texts(catalog, other, a="theirs")
    await publish_texts(catalog, collection, a="dead")
    (live,) = await publish_texts(catalog, collection, a="one\n\ntwo")
    (staged,) = await stage_texts(catalog, collection, b="three")

    batches = [ids async for ids, _ in chunks.live_vectors(catalog, collection, batch=1)]

    assert batches == [[f"{live}-0"], [f"{live}-1"], [f"{staged}-0"]]


async def test_counts_and_samples_are_of_live_chunks(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await stage_texts(catalog, collection, b="unseen")
    before = await chunks.sample_live_chunk(catalog, collection)
    (live,) = await publish_texts(catalog, collection, a="one\n\ntwo")

    after = await chunks.sample_live_chunk(catalog, collection)

    assert before is None
    assert after is not None
    assert after.chunk_id in {f"{live}-0", f"{live}-1"}
    assert await chunks.count_live_chunks(catalog, collection) == 2


async def test_a_chunk_has_the_vector_of_its_indexed_text(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    made = make_document("/a.pdf", "one")
    key = hash_text(indexed_text("A title", ("Part", "1"), "one"))
    matrix = np.eye(1, 64, dtype=np.float32)

    await vectors.save_vectors(catalog, collection.fingerprint, [key], matrix)
    await documents.stage_documents(catalog, collection, [made])

    (batch,) = [batch async for batch in chunks.live_vectors(catalog, collection)]
    assert np.array_equal(batch[1], matrix)
