from __future__ import annotations

import pytest

from ingest.stored import find_all
from rag_core.catalog.engine import Catalog
from tests.rag_core.catalog_support import make_collection, publish_texts

PAGES = {
    "http://h/docs/": "start",
    "http://h/docs/a": "a",
    "http://h/docsx": "other",
    "s3://b/a": "b",
}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HTTP://H:80/docs/a#part", {"http://h/docs/a"}),
        ("http://h/docs/", {"http://h/docs/", "http://h/docs/a"}),
        ("s3://b/", {"s3://b/a"}),
        ("s3://b", {"s3://b/a"}),
        ("http://user:word@h/docs/a", set()),
        ("http://h/none", set()),
    ],
)
async def test_a_url_means_its_document_or_all_below_it(
    catalog: Catalog, name: str, meant: set[str]
) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, **PAGES)

    found, missing = await find_all(catalog, collection, [name])

    assert {one.source for one in found.values()} == meant
    assert missing == ([] if meant else [name])
