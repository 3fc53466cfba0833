from __future__ import annotations

from rag_core.catalog import collections
from rag_core.catalog.engine import Catalog
from rag_core.catalog.least_score import set_least_score
from tests.rag_core.catalog_support import make_collection


async def test_a_least_score_is_kept_with_its_version_of_a_collection(catalog: Catalog) -> None:
    made = await make_collection(catalog)
    other = await make_collection(catalog, collections.version_name("default", "next"))

    await set_least_score(catalog, made, 0.31)

    assert made.least_score is None
    assert (await collections.get_collection(catalog, "default")).least_score == 0.31
    assert (await collections.get_collection(catalog, other.name)).least_score is None
    assert [one.least_score for one in await collections.list_collections(catalog)] == [0.31]
    await set_least_score(catalog, made, None)
    assert (await collections.get_collection(catalog, "default")).least_score is None
