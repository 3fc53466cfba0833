from __future__ import annotations

import numpy as np
import pytest

from rag_core.catalog import documents
from rag_core.catalog.engine import Catalog
from rag_core.catalog.stretches import read_stretches, read_vectors
from tests.rag_core.catalog_support import (
    EMBEDDER,
    make_collection,
    publish_texts,
)

TEXT = "Über 😀 den\r\n\tRhein 日本\n\n\nfließt é ﷽ und\u2028mehr."


async def test_a_part_of_a_document_is_read_by_code_points(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (document,) = await publish_texts(catalog, collection, a=TEXT)
    asked = [(document, start, end) for start in range(len(TEXT)) for end in (start + 1, len(TEXT))]

    read = await read_stretches(catalog, asked)

    assert read == [TEXT[start:end] for _, start, end in asked]


async def test_what_is_not_there_any_more_is_none(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="old text")
    await publish_texts(catalog, collection, a="new text")

    before = await read_stretches(catalog, [(old, 0, 3)])
    await documents.delete_dead(catalog, [old])

    assert before == ["old"]
    assert await read_stretches(catalog, [(old, 0, 3), ("unknown", 0, 9)]) == [None, None]
    assert await read_stretches(catalog, []) == []


@pytest.mark.parametrize("hostile", ["'; DROP TABLE chunks", "\0", "\ud800"])
async def test_vectors_are_read_across_collections(catalog: Catalog, hostile: str) -> None:
    one, other = await make_collection(catalog), await make_collection(catalog, "other")
    (first,) = await publish_texts(catalog, one, a="one\n\ntwo")
    (second,) = await publish_texts(catalog, other, b="three")

    asked = [f"{second}-0", hostile, f"{first}-1"]
    vectors = await read_vectors(catalog, EMBEDDER.fingerprint, asked)

    expected = await EMBEDDER.embed(["three", "two"])
    assert set(vectors) == {f"{second}-0", f"{first}-1"}
    assert np.array_equal(vectors[f"{second}-0"], expected[0])
    assert np.array_equal(vectors[f"{first}-1"], expected[1])
    assert await read_vectors(catalog, "another model", asked) == {}
