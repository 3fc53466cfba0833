"""What searches have read is read again only when something has changed."""

from __future__ import annotations

import numpy as np

from rag_core.catalog import collections
from rag_core.catalog.chunks import find_vectors
from rag_core.catalog.engine import Catalog
from rag_core.seen_vectors import SeenVectors
from tests.rag_core.catalog_support import CountingCatalog, make_collection, publish_texts


async def test_the_second_time_nothing_is_read(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    ids = await publish_texts(catalog, collection, a="a cat", b="a dog")
    collection = await collections.get_collection(catalog, "default")
    asked = [f"{one}-0" for one in ids] + ["nobody's"]
    seen, reading = SeenVectors(), CountingCatalog(catalog)

    first = await seen.find(reading, collection, asked)
    read = reading.rows_read
    again = await seen.find(reading, collection, asked)

    expected = dict(zip(*await find_vectors(catalog, collection, asked), strict=True))
    assert (read, reading.rows_read) == (2, 2)
    for found in (first, again):
        assert found[0] == asked[:2]
        assert np.array_equal(found[1], [expected[one] for one in asked[:2]])


async def test_what_has_died_is_no_longer_found_and_what_was_born_is(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    (old,) = await publish_texts(catalog, collection, a="a cat")
    collection = await collections.get_collection(catalog, "default")
    seen = SeenVectors()
    before, _ = await seen.find(catalog, collection, [f"{old}-0"])
    (new,) = await publish_texts(catalog, collection, a="a dog")
    collection = await collections.get_collection(catalog, "default")

    after, _ = await seen.find(catalog, collection, [f"{old}-0", f"{new}-0"])

    assert (before, after) == ([f"{old}-0"], [f"{new}-0"])


async def test_no_more_is_kept_than_fits_and_the_one_asked_for_longest_ago_goes(
    catalog: Catalog,
) -> None:
    collection = await make_collection(catalog)
    texts = {name: f"a {name}" for name in ("cat", "dog", "fish")}
    asked = [f"{one}-0" for one in await publish_texts(catalog, collection, **texts)]
    collection = await collections.get_collection(catalog, "default")
    seen = SeenVectors(most_bytes=2 * (4 * collection.dimension + 400))
    reading = CountingCatalog(catalog)

    for one in (*asked[:2], asked[0], asked[2], asked[0], asked[1]):
        await seen.find(reading, collection, [one])

    assert reading.rows_read == 4  # each once, and the second again


async def test_nothing_is_asked_of_nothing(catalog: Catalog) -> None:
    collection = await make_collection(catalog)

    found, matrix = await SeenVectors().find(catalog, collection, [])

    assert (found, matrix.shape) == ([], (0, collection.dimension))
