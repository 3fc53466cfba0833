from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_core import search as search_module
from rag_core.catalog import chunks, collections, documents
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.least_score import set_least_score
from rag_core.documents import chunk_id
from rag_core.errors import (
    CollectionNotFoundError,
    FingerprintMismatchError,
    InvalidRequestError,
    VectorsMissingError,
)
from rag_core.fusion import fuse_scores
from rag_core.index import Index
from rag_core.lexical.engine import Lexical
from rag_core.lexical.reader import Matches
from rag_core.query import LEAST_SCORE, Query
from rag_core.search import search
from tests.fakes import MemoryVectors, WordEmbedder, collection_of, find_passages, publish, stage

ANIMALS = {"/cat": "The cat sat on the mat.", "/dog": "A dog barked.", "/bird": "Birds sing."}


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield Index(catalog, WordEmbedder(), MemoryVectors(), Lexical(tmp_path))


async def put(index: Index, texts: Mapping[str, str]) -> list[str]:
    """Publish documents as an ingest does; the vectors of replaced ones stay in the index."""
    collection = await collection_of(index)
    ids = await stage(index.catalog, collection, index.embedder, texts)
    await publish(index, collection, ids)
    return ids


async def test_the_passage_that_fits_comes_first_with_all_its_scores(index: Index) -> None:
    await put(index, ANIMALS)

    best, *_ = await find_passages(index, "default", "the cat on a mat", top_k=3)

    assert best.source == "/cat"
    assert 0 < best.score <= 1
    assert best.lexical_score > 0
    assert 0 < best.fused_score <= 1


async def test_the_fused_score_is_the_weighted_sum_of_both_halves(index: Index) -> None:
    await put(index, ANIMALS)

    passages = await find_passages(index, "default", "cat barked", top_k=3)
    matches = await index.lexical.search(await collection_of(index), "cat barked", 1)

    for one in passages:
        expected = 0.4 * one.score + 0.6 * one.lexical_score / matches.ceiling
        assert one.fused_score == pytest.approx(expected)


async def test_passages_point_at_their_place_in_the_document(index: Index) -> None:
    text = "First a cat.\n\nThen a dog."
    (document,) = await put(index, {"/both": text})

    (best,) = await find_passages(index, "default", "dog", top_k=1)

    assert best.chunk_id == chunk_id(document, 1)
    assert text[best.start : best.end] == best.text == "Then a dog."


async def test_no_more_passages_come_than_asked_for_and_the_best_first(index: Index) -> None:
    await put(index, ANIMALS)

    passages = await find_passages(index, "default", "cat dog", top_k=2)

    assert len(passages) == 2
    assert passages[0].fused_score >= passages[1].fused_score


async def test_a_word_that_no_chunk_has_still_finds_by_the_vectors(index: Index) -> None:
    await put(index, ANIMALS)

    passages = await find_passages(index, "default", "zebra", top_k=3)

    assert len(passages) == 3
    assert {one.lexical_score for one in passages} == {0.0}


async def test_a_replaced_document_is_not_found(index: Index) -> None:
    await put(index, ANIMALS)

    await put(index, {"/cat": "A horse."})
    passages = await find_passages(index, "default", "cat sat on the mat", top_k=10)

    assert sorted(one.text for one in passages) == ["A dog barked.", "A horse.", "Birds sing."]


async def test_dead_chunks_do_not_push_out_the_live(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_DEPTH", 4)
    for version in range(8):
        await put(index, {"/cat": f"The cat. {version}"})
    await put(index, {"/dog": "A dog."})

    passages = await find_passages(index, "default", "the cat", top_k=2)

    assert [one.source for one in passages] == ["/cat", "/dog"]


async def test_a_removed_document_is_not_found_before_the_lexical_index_follows(
    index: Index,
) -> None:
    cat, *_ = await put(index, ANIMALS)

    await documents.remove_documents(index.catalog, await collection_of(index), [cat])

    assert all(
        one.document_id != cat for one in await find_passages(index, "default", "cat", top_k=5)
    )


async def test_an_empty_collection_has_no_passages(index: Index) -> None:
    await collection_of(index)

    assert await find_passages(index, "default", "cat", top_k=5) == ()


async def test_an_unknown_collection_is_an_error_that_names_the_others(index: Index) -> None:
    await put(index, ANIMALS)

    with pytest.raises(CollectionNotFoundError, match="default"):
        await find_passages(index, "other", "cat", top_k=5)


async def test_a_collection_of_another_model_is_an_error(index: Index) -> None:
    await put(index, ANIMALS)
    embedder = WordEmbedder()
    embedder.fingerprint = "another"

    with pytest.raises(FingerprintMismatchError):
        await find_passages(replace(index, embedder=embedder), "default", "cat", top_k=5)


@pytest.mark.parametrize(("query", "top_k"), [("", 5), (" \n\t", 5), ("cat", 0), ("cat", -1)])
async def test_a_blank_question_or_no_passages_wanted_is_an_error(
    index: Index, query: str, top_k: int
) -> None:
    with pytest.raises(InvalidRequestError):
        await find_passages(index, "default", query, top_k=top_k)


async def test_without_vectors_there_is_no_half_result(index: Index) -> None:
    await put(index, ANIMALS)

    with pytest.raises(VectorsMissingError):
        await find_passages(replace(index, vectors=MemoryVectors()), "default", "cat", top_k=5)


async def test_a_search_goes_on_in_the_vector_index_that_a_rebuild_switched_to(
    index: Index,
) -> None:
    await put(index, ANIMALS)
    switching = replace(index, vectors=SwitchedVectors(index))

    best, *_ = await find_passages(switching, "default", "cat", top_k=5)

    assert best.source == "/cat"


class SwitchedVectors(MemoryVectors):
    """A rebuild ends just before the first query."""

    def __init__(self, index: Index) -> None:
        super().__init__()
        self.collections = index.vectors.collections
        self.index = index

    async def query(self, name: str, vector: np.ndarray, k: int) -> list[tuple[str, float]]:
        collection = await collection_of(self.index)
        if name == collection.vector_index and "second" not in self.collections:
            self.collections["second"] = self.collections.pop(name)
            await collections.switch_vector_index(
                self.index.catalog, collection, to="second", at_seq=collection.seq
            )
        return await super().query(name, vector, k)


@pytest.mark.parametrize("query", ["cat " * 250_000, "\0", "\ud800 cat", "AND (", "😀", "the"])
async def test_a_hostile_question_is_answered(index: Index, query: str) -> None:
    await put(index, ANIMALS)

    assert len(await find_passages(index, "default", query, top_k=3)) == 3


async def test_what_is_left_unread_changes_neither_passages_nor_scores(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_DEPTH", 40)
    generator = np.random.default_rng(1)
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join(generator.choice(words, 12)) for _ in range(200)]
    ids = await put(index, {f"/{name}": text for name, text in enumerate(texts)})
    await documents.remove_documents(index.catalog, await collection_of(index), ids[::3])

    for length in list(range(1, 7)) * 5:
        query = " ".join(generator.choice(words, length))
        passages = await find_passages(index, "default", query, top_k=8)
        expected = (await score_all(index, query, depth=40))[:8]
        scores = [[one.score, one.lexical_score, one.fused_score] for one in passages]
        assert [one.chunk_id for one in passages] == [row[0] for row in expected]
        assert np.allclose(scores, [row[1:] for row in expected], atol=1e-6)


async def score_all(
    index: Index, query: str, *, depth: int
) -> list[tuple[str, float, float, float]]:
    """Id, cosine, BM25 and fused score of every live chunk that either half finds, best first."""
    collection = await collection_of(index)
    vector = (await index.embedder.embed([query]))[0]
    nearest = await index.vectors.query(collection.vector_index, vector, depth)
    matches = await index.lexical.search(collection, query, depth)
    union = list(dict(nearest) | dict(matches.best))
    words = await index.lexical.scores(matches, union)
    found, matrix = await chunks.find_vectors(index.catalog, collection, union)
    rows = [
        (one, cosine, words[one], 0.4 * cosine + 0.6 * min(words[one] / matches.ceiling, 1.0))
        for one, cosine in zip(found, (matrix @ vector).tolist(), strict=True)
    ]
    return sorted(rows, key=lambda row: (-row[3], row[0]))


@given(
    true=st.lists(
        st.tuples(st.floats(-1, 1), st.floats(0, 15), st.booleans()), min_size=1, max_size=40
    ),
    depth=st.integers(1, 20),
    wanted=st.integers(1, 10),
)
@settings(max_examples=1000)
def test_the_best_are_always_among_the_contenders(
    true: list[tuple[float, float, bool]], depth: int, wanted: int
) -> None:
    fused = {
        str(at): float(fuse_scores(np.array(cosine), np.array(words), 12.0))
        for at, (cosine, words, _) in enumerate(true)
    }
    near = [(str(at), cosine) for at, (cosine, _, missed) in enumerate(true) if not missed]
    best = sorted(((str(at), words) for at, (_, words, _) in enumerate(true)), key=second)[:depth]
    floor = best[-1][1] if len(best) == depth else 0.0
    halves = search_module._Halves(
        sorted(near, key=second)[:depth], Matches(best, floor, 12.0, None, None)
    )

    chosen, bound = search_module._contenders(halves, wanted)

    left = [fused[one] for one in halves.chunk_ids if one not in chosen]
    assert all(score <= bound for score in left)
    better = [one for one in chosen if fused[one] > max(left, default=-1.0)]
    assert len(better) >= min(wanted, len(halves.chunk_ids))


def second(pair: tuple[str, float]) -> float:
    return -pair[1]


@given(
    cosine=st.floats(-1, 1),
    covered=st.floats(0, 3),
    ceiling=st.floats(0.1, 100),
)
def test_the_fused_score_has_the_same_bounds_for_every_query(
    cosine: float, covered: float, ceiling: float
) -> None:
    fused = fuse_scores(np.array(cosine), np.array(covered * ceiling), ceiling)

    assert -0.4 <= fused <= 1.0 + 1e-9


def test_words_decide_where_the_model_cannot_read_the_query() -> None:
    cosines, lexical = np.array([0.4, 0.8]), np.array([2.0, 0.0])

    read = fuse_scores(cosines, lexical, 10.0)
    unread = fuse_scores(cosines, lexical, 10.0, legible=False)

    assert read[1] > read[0]
    assert unread[0] > LEAST_SCORE > unread[1]


async def test_what_is_found_carries_the_least_score_of_its_collection(index: Index) -> None:
    await put(index, ANIMALS)
    before = await search(index, "default", Query("the cat", 3))

    await set_least_score(index.catalog, await collection_of(index), 0.5)

    after = await search(index, "default", Query("the cat", 3))
    assert (before.least_score, after.least_score) == (LEAST_SCORE, 0.5)


async def test_wordings_of_one_query_are_searched_together(index: Index) -> None:
    await put(index, ANIMALS)

    alone = [
        {
            one.source: one.fused_score
            for one in await find_passages(index, "default", text, top_k=3)
        }
        for text in ("cat", "dog barked")
    ]
    together = await search(index, "default", Query("cat", 3, ("dog barked",)))

    for passage in together.passages:
        mean = sum(scores[passage.source] for scores in alone) / 2
        assert passage.fused_score == pytest.approx(mean)
