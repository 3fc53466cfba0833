from __future__ import annotations

import numpy as np
import pytest

from ingest.verify import verify_collection
from rag_core.catalog import chunks, documents
from rag_core.errors import CollectionNotFoundError
from rag_core.lexical.folder import index_folder
from rag_core.lexical.writer import IndexedChunk, Writer
from rag_core.vectors import upkeep
from tests.fakes import WordEmbedder, stage
from tests.ingest.stores_support import CHUNKS, Filled


async def test_sound_stores_are_well(filled: Filled) -> None:
    verdict = await verify_collection(filled.stores, "animals")

    assert verdict.findings == ()
    assert (verdict.documents, verdict.chunks, verdict.vectors_tried) == (3, CHUNKS, CHUNKS)


async def test_replaced_and_staged_documents_are_no_fault(filled: Filled) -> None:
    catalog, collection = filled.stores.catalog, await filled.collection()
    ids = await stage(catalog, collection, WordEmbedder(), {"cat": "A cat.", "emu": "An emu."})
    await upkeep.publish(catalog, filled.stores.vectors, collection, ids[:1])

    assert await filled.findings() == {}


async def test_an_unknown_collection_is_an_error(filled: Filled) -> None:
    with pytest.raises(CollectionNotFoundError, match="'cats'"):
        await verify_collection(filled.stores, "cats")


async def test_a_text_that_does_not_hold_its_chunks_is_found(filled: Filled) -> None:
    cat = filled.ids["cat"]
    await filled.execute("UPDATE texts SET text = ' ' || text WHERE document_id = :id", id=cat)

    found = await filled.findings()

    assert found["text"].examples == (f"{cat}-0", f"{cat}-1")
    assert found["text"].mend == "ingest remove DOCUMENT, then ingest add its file"


async def test_a_document_without_its_text_is_found(filled: Filled) -> None:
    await filled.execute("DELETE FROM texts WHERE document_id = :id", id=filled.ids["owl"])

    assert (await filled.findings())["text"].examples == (f"{filled.ids['owl']}-0",)


async def test_a_hash_of_another_text_is_found(filled: Filled) -> None:
    await filled.execute("UPDATE documents SET title = 'Birds' WHERE source = 'owl'")

    assert (await filled.findings())["hash"].examples == (f"{filled.ids['owl']}-0",)


async def test_wrong_pages_and_counts_are_found(filled: Filled) -> None:
    await filled.execute("UPDATE chunks SET page = 7 WHERE text = 'A dog digs.'")
    await filled.execute("UPDATE documents SET token_count = 1 WHERE source = 'cat'")

    found = await filled.findings()

    assert found["pages"].examples == (filled.ids["dog"],)
    assert found["counts"].examples == (filled.ids["cat"],)


async def test_a_lost_and_a_broken_vector_of_the_catalog_are_found(filled: Filled) -> None:
    one = "(SELECT vector_hash FROM chunks WHERE text = :text)"
    await filled.execute(f"DELETE FROM vectors WHERE hash = {one}", text="A dog digs.")  # noqa: S608
    broken = np.full(64, np.nan, "<f4").tobytes()
    await filled.execute(
        f"UPDATE vectors SET vector = :vector WHERE hash = {one}",  # noqa: S608
        text="An owl flies.",
        vector=broken,
    )

    found = await filled.findings()

    assert set(found["cache"].examples) == {f"{filled.ids['dog']}-1", f"{filled.ids['owl']}-0"}


async def test_a_vector_that_chroma_lost_is_found(filled: Filled) -> None:
    collection, lost = await filled.collection(), f"{filled.ids['cat']}-1"
    await filled.stores.vectors.remove(collection.vector_index, [lost])

    found = await filled.findings()

    assert list(found) == ["vectors-missing"]
    assert (
        found["vectors-missing"].detail == f"chunks without a vector in Chroma: 1 (such as {lost})"
    )


async def test_a_vector_that_nothing_in_the_catalog_explains_is_found(filled: Filled) -> None:
    collection = await filled.collection()
    await filled.stores.vectors.add(collection.vector_index, ["gone-0"], np.ones((1, 64)))

    assert (await filled.findings())["vectors-unknown"].count == 1


async def test_another_vector_under_a_chunks_id_is_found(filled: Filled) -> None:
    collection, owl = await filled.collection(), f"{filled.ids['owl']}-0"
    await filled.stores.vectors.remove(collection.vector_index, [owl])
    vector = -(await WordEmbedder().embed(["An owl flies."]))
    others = await WordEmbedder().embed(["An owl flew away to another wood", "So did this"])
    await filled.stores.vectors.add(collection.vector_index, [owl], vector)
    await filled.stores.vectors.add(
        collection.vector_index, [f"x-{n}" for n in range(40)], np.repeat(others, 20, axis=0)
    )

    assert (await filled.findings())["vectors-unfound"].examples == (owl,)


async def test_a_lost_chroma_collection_is_found(filled: Filled) -> None:
    await filled.stores.vectors.drop((await filled.collection()).vector_index)

    found = await filled.findings()

    assert list(found) == ["vectors-broken"]
    assert found["vectors-broken"].mend == "ingest repair"


async def test_entries_of_the_lexical_index_too_few_and_too_many_are_found(filled: Filled) -> None:
    folder = index_folder(filled.stores.lexical._home, (await filled.collection()).id)
    reached = filled.stores.lexical._reader(await filled.collection()).reached()
    assert reached is not None
    writer = Writer(folder)
    writer.remove([filled.ids["owl"]])
    writer.add([IndexedChunk("gone", "gone-0", "What is removed must not be found")])
    writer.commit(reached)
    writer.close()

    found = await filled.findings()

    assert found["words-missing"].examples == (f"{filled.ids['owl']}-0",)
    assert found["words-unknown"].count == 1


async def test_what_was_removed_while_we_looked_is_no_fault(filled: Filled) -> None:
    catalog, collection = filled.stores.catalog, await filled.collection()
    await documents.remove_documents(catalog, collection, [filled.ids["owl"]])
    await upkeep.sweep(catalog, filled.stores.vectors, collection)

    assert await filled.findings() == {}
    assert await chunks.count_live_chunks(catalog, collection) == CHUNKS - 1
