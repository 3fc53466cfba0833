from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from ingest.clearing import clear_collection
from ingest.copying import Copied
from ingest.proof import prove_gone
from ingest.reindex import reindex_collection, roll_back
from ingest.splitting import NO_WISH, Wish
from ingest.takeover import Reindexed
from ingest.verify import Stores, verify_collection
from rag_core.catalog import chunks, collections, documents, versions
from rag_core.catalog.remains import find_traces
from rag_core.documents import Splitting
from rag_core.embedding import Embedder
from rag_core.errors import (
    ConfigurationError,
    EmbeddingUnavailableError,
    FingerprintMismatchError,
    InvalidRequestError,
    ReindexedError,
)
from rag_core.index import Index
from rag_core.vectors import upkeep
from tests.fakes import WordEmbedder, find_passages, stage
from tests.ingest.stores_support import TEXTS, Filled

LONG = "The owl is a bird. " * 12
BY_EIGHT = Wish(32, 8, "sentences")


class OtherEmbedder(WordEmbedder):
    """Another model, which counts its texts and fails after so many calls."""

    fingerprint = "fake/other/64"

    def __init__(self, calls: int = 1_000) -> None:
        self.calls = calls
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self.calls == 0:
            raise EmbeddingUnavailableError("the model's server does not answer")
        self.calls -= 1
        self.texts += texts
        return await super().embed(texts)


def look_away(copied: Copied) -> None:
    """Draw no progress."""


@pytest.fixture
def catalog_url(tmp_path: Path, empty_file: Path) -> str:
    """In SQLite alone: versions and killed reindexes are tested in PostgreSQL, too."""
    return f"sqlite:///{shutil.copy(empty_file, tmp_path)}"


async def reindex(
    stores: Stores,
    embedder: Embedder | None = None,
    wish: Wish = BY_EIGHT,
    progress: Callable[[Copied], None] = look_away,
) -> Reindexed:
    model = WordEmbedder() if embedder is None else embedder
    return await reindex_collection(stores, "animals", model, wish, progress)


async def go_back(stores: Stores, embedder: Embedder | None = None) -> Reindexed:
    def open_model() -> AbstractAsyncContextManager[Embedder]:
        assert embedder is not None
        return nullcontext(embedder)

    return await roll_back(stores, "animals", open_model, look_away)


async def add(stores: Stores, embedder: Embedder, **texts: str) -> None:
    collection = await collections.get_collection(stores.catalog, "animals")
    ids = await stage(stores.catalog, collection, embedder, texts)
    await upkeep.publish(stores.catalog, stores.vectors, collection, ids)


async def live(stores: Stores) -> dict[str, int]:
    """The sources that readers see, with their chunks."""
    collection = await collections.get_collection(stores.catalog, "animals")
    found = await documents.list_documents(stores.catalog, collection, limit=100)
    return {one.source: one.chunks for one in found}


async def found(stores: Stores, embedder: Embedder, query: str) -> list[str]:
    index = Index(stores.catalog, embedder, stores.vectors, stores.lexical)
    return [one.source for one in await find_passages(index, "animals", query, top_k=1)]


async def faults(stores: Stores) -> list[str]:
    verdict = await verify_collection(stores, "animals")
    return [finding.check for finding in verdict.findings]


async def test_a_collection_is_cut_in_another_way_without_its_files(filled: Filled) -> None:
    stores = filled.stores
    await add(stores, WordEmbedder(), eagle=LONG)

    done = await reindex(stores)

    collection = await filled.collection()
    assert (done.now, done.copied.documents) == (collection, 4)
    assert collection.splitting == Splitting(32, 8, "sentences")
    assert await live(stores) == {"cat": 1, "dog": 1, "owl": 1, "eagle": 4}
    assert await faults(stores) == []
    assert await found(stores, WordEmbedder(), "barks") == ["dog"]


async def test_another_model_embeds_every_text_once(filled: Filled) -> None:
    embedder = OtherEmbedder()

    done = await reindex(filled.stores, embedder, NO_WISH)

    assert done.now.fingerprint == "fake/other/64"
    assert len(embedder.texts) == done.copied.embedded == 3
    assert await found(filled.stores, embedder, "mice") == ["cat"]
    assert await faults(filled.stores) == []


async def test_readers_see_the_old_version_until_the_switch(filled: Filled) -> None:
    seen: list[str] = []

    async def reindex_and_fail() -> None:
        with pytest.raises(EmbeddingUnavailableError):
            await reindex(filled.stores, OtherEmbedder(0))

    before = await filled.collection()
    await reindex_and_fail()
    seen += await found(filled.stores, WordEmbedder(), "mice")

    assert (seen, await filled.collection()) == (["cat"], before)
    assert await faults(filled.stores) == []


async def test_what_broke_off_goes_on_and_embeds_nothing_twice(filled: Filled) -> None:
    await add(filled.stores, WordEmbedder(), long=" ".join(f"It is {n}." for n in range(300)))
    broken, again = OtherEmbedder(2), OtherEmbedder()
    with pytest.raises(EmbeddingUnavailableError):
        await reindex(filled.stores, broken, Wish(8))

    done = await reindex(filled.stores, again, Wish(8))

    assert len(broken.texts) == done.copied.reused == 128
    assert again.texts
    assert not set(again.texts) & set(broken.texts)


async def test_documents_that_come_in_or_go_meanwhile_are_not_lost(filled: Filled) -> None:
    class Meddling(OtherEmbedder):
        async def embed(self, texts: Sequence[str]) -> np.ndarray:
            if not self.texts:
                await add(filled.stores, WordEmbedder(), emu="An emu runs.", cat="A new cat.")
                current = await filled.collection()
                await documents.remove_documents(
                    filled.stores.catalog, current, [filled.ids["dog"]]
                )
            return await super().embed(texts)

    embedder = Meddling()

    await reindex(filled.stores, embedder)

    assert await live(filled.stores) == {"cat": 1, "emu": 1, "owl": 1}
    assert await found(filled.stores, embedder, "new") == ["cat"]
    assert await faults(filled.stores) == []


async def test_who_publishes_after_the_switch_is_told_to_begin_again(filled: Filled) -> None:
    stores, before = filled.stores, await filled.collection()
    await reindex(stores)
    ids = await stage(stores.catalog, before, WordEmbedder(), {"emu": "An emu runs."})

    with pytest.raises(ReindexedError, match=r"'animals' was reindexed .* run the same"):
        await upkeep.publish(stores.catalog, stores.vectors, before, ids)
    with pytest.raises(ReindexedError):
        await documents.remove_documents(stores.catalog, before, [filled.ids["cat"]])

    assert "emu" not in await live(stores)


async def test_what_is_so_already_is_left_alone(filled: Filled) -> None:
    before = await filled.collection()

    done = await reindex(filled.stores, WordEmbedder(), NO_WISH)

    assert done.before == done.now == before == await filled.collection()


async def test_a_rollback_is_immediate_and_can_be_rolled_back(filled: Filled) -> None:
    before = await filled.collection()
    await reindex(filled.stores, OtherEmbedder())
    after = await filled.collection()

    back = await go_back(filled.stores)

    assert (back.now.id, back.now.splitting) == (before.id, Splitting())
    assert back.copied.documents == 0
    assert await live(filled.stores) == {"cat": 2, "dog": 3, "owl": 1}
    assert await found(filled.stores, WordEmbedder(), "barks") == ["dog"]
    assert (await go_back(filled.stores)).now.id == after.id
    assert await faults(filled.stores) == []


async def test_a_rollback_takes_along_what_came_in_and_leaves_out_what_went(
    filled: Filled,
) -> None:
    stores, other = filled.stores, OtherEmbedder()
    now = (await reindex(stores, other)).now
    await add(stores, other, emu="An emu runs.")
    (cat,) = versions.twin_ids([filled.ids["cat"]], await _previous(stores), now)
    await documents.remove_documents(stores.catalog, now, [cat])

    with pytest.raises(ConfigurationError, match=r"documents: 1.* 'fake/words/64' .* --embedding"):
        await go_back(stores, other)
    await go_back(stores, WordEmbedder())

    assert sorted(await live(stores)) == ["dog", "emu", "owl"]
    assert await faults(stores) == []


async def _previous(stores: Stores) -> collections.Collection:
    found = await versions.find_version(stores.catalog, "animals", "previous")
    assert found is not None
    return found


async def test_removing_a_document_removes_it_from_the_version_before(filled: Filled) -> None:
    stores = filled.stores
    now = (await reindex(stores)).now
    previous = await _previous(stores)
    live_now = await documents.list_documents(stores.catalog, now, limit=9)

    await documents.remove_documents(stores.catalog, now, [live_now[0].id])

    kept = await documents.list_documents(stores.catalog, previous, limit=9)
    assert [one.source for one in kept] == [one.source for one in live_now[1:]]


async def test_without_a_version_before_there_is_no_rollback(filled: Filled) -> None:
    with pytest.raises(InvalidRequestError, match="'animals' has no version to go back to"):
        await go_back(filled.stores)


async def test_compacting_deletes_the_version_before(filled: Filled) -> None:
    stores, before = filled.stores, await filled.collection()
    await reindex(stores)

    done = await clear_collection(stores, "animals")

    assert done.versions == 1
    assert before.vector_index not in await stores.vectors.names()
    assert await collections.all_collections(stores.catalog, hidden=True) == [
        await filled.collection()
    ]
    assert await chunks.chunk_ids(stores.catalog, list(filled.ids.values())) == []


async def test_the_next_reindex_deletes_the_version_before(filled: Filled) -> None:
    stores, first = filled.stores, await filled.collection()
    second = (await reindex(stores)).now
    third = (await reindex(stores, wish=Wish(64))).now

    every = await collections.all_collections(stores.catalog, hidden=True)

    assert {one.id for one in every} == {second.id, third.id}
    assert first.vector_index not in await stores.vectors.names()


async def test_a_program_with_the_old_model_answers_from_the_version_before(
    filled: Filled,
) -> None:
    stores = filled.stores
    await reindex(stores, OtherEmbedder())
    index = Index(stores.catalog, WordEmbedder(), stores.vectors, stores.lexical)

    (passage,) = await find_passages(index, "animals", "barks", top_k=1)
    await clear_collection(stores, "animals")

    assert (passage.source, passage.collection) == ("dog", "animals")
    with pytest.raises(FingerprintMismatchError, match="ingest reindex"):
        await find_passages(index, "animals", "barks", top_k=1)


async def test_versions_are_no_collections_of_their_own(filled: Filled) -> None:
    await reindex(filled.stores)

    listed = await collections.list_collections(filled.stores.catalog)

    assert [(one.name, one.documents) for one in listed] == [("animals", len(TEXTS))]
    assert [one.name for one in await collections.all_collections(filled.stores.catalog)] == [
        "animals"
    ]


async def test_asking_for_another_version_drops_the_one_that_was_begun(filled: Filled) -> None:
    with pytest.raises(EmbeddingUnavailableError):
        await reindex(filled.stores, OtherEmbedder(0))

    await reindex(filled.stores, wish=Wish(64))

    every = await collections.all_collections(filled.stores.catalog, hidden=True)
    assert {one.fingerprint for one in every} == {"fake/words/64"}
    assert len(every) == 2


async def test_citations_of_the_version_before_can_still_be_opened(filled: Filled) -> None:
    await reindex(filled.stores)

    summary, text, _ = await documents.get_document(filled.stores.catalog, filled.ids["cat"])

    assert (summary.collection, text) == ("animals", TEXTS["cat"])


async def test_what_is_proven_gone_is_gone_from_the_version_before_too(filled: Filled) -> None:
    stores = filled.stores
    before = await filled.collection()
    now = (await reindex(stores)).now
    (cat,) = versions.twin_ids([filled.ids["cat"]], before, now)
    traces = await find_traces(stores.catalog, [cat])
    await documents.remove_documents(stores.catalog, now, [cat])
    index = Index(stores.catalog, WordEmbedder(), stores.vectors, stores.lexical)

    proof = await prove_gone(index, "animals", traces)

    assert proof.proven
    assert await chunks.chunk_ids(stores.catalog, [filled.ids["cat"]]) == []
