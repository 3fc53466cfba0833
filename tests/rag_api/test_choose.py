"""Over a real index: search, reranking and context together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rag_api.choose import Chosen, choose_passages
from rag_api.fallback import Rest
from rag_api.index_library import IndexLibrary
from rag_api.parts import Parts
from rag_api.reranking import Reranking
from rag_api.retrieval_options import RetrievalOptions
from rag_core.catalog.engine import Catalog
from rag_core.errors import UnavailableError
from rag_core.index import Index
from rag_core.lexical.engine import Lexical
from rag_core.query import Query
from tests.api import make_parts
from tests.fakes import MemoryVectors, WordEmbedder, collection_of, publish, stage

GUIDE = "Cats sleep all day.\n\nA cat hunts at night.\n\nDogs bark at cats.\n\nBirds sing."
FILL = {f"/other/{number}": f"Nothing about animals number {number}." for number in range(20)}


@pytest.fixture
async def index(catalog: Catalog, tmp_path: Path) -> Index:
    return Index(catalog, WordEmbedder(), MemoryVectors(), Lexical(tmp_path))


async def put(index: Index, texts: Mapping[str, str], *, name: str = "default") -> None:
    collection = await collection_of(index, name)
    ids = await stage(index.catalog, collection, index.embedder, texts)
    await publish(index, collection, ids)


@dataclass
class ScoringReranker:
    """Scores by a word that the text holds; may fail or hang."""

    word: str = "bark"
    failure: UnavailableError | None = None
    hangs: bool = False
    name: str = "scorer"
    asked: list[tuple[str, Sequence[str]]] = field(default_factory=list)

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        self.asked.append((query, texts))
        if self.failure is not None:
            raise self.failure
        if self.hangs:
            await asyncio.Event().wait()
        return [float(self.word in text) for text in texts]


def parts_of(index: Index, reranker: ScoringReranker | None = None, **more: object) -> Parts:
    reranking = reranker and Reranking(reranker, 20, 0.2)
    parts = make_parts(**more)
    library = IndexLibrary(index, parts.settings.home)
    return replace(parts, library=library, reranking=reranking)


async def choose(
    parts: Parts,
    text: str = "cat cats",
    *,
    top_k: int = 3,
    ordered: bool = True,
    weights: Mapping[str, float] | None = None,
    **options: object,
) -> Chosen:
    return await choose_passages(
        Query(text, top_k),
        collections=weights or {"default": 1.0},
        options=RetrievalOptions(**options),
        parts=parts,
        in_document_order=ordered,
    )


def sources(chosen: Chosen) -> list[str]:
    return [one.source for one in chosen.passages]


async def test_neighbours_that_are_found_become_one_passage_of_the_document(index: Index) -> None:
    await put(index, {"/guide": GUIDE, **FILL})

    chosen = await choose(parts_of(index))

    guide = chosen.passages[0]
    assert guide.source == "/guide"
    assert guide.text == GUIDE[guide.start : guide.end] == GUIDE[: GUIDE.index("\n\nBirds")]
    assert guide.chunks == 3
    assert len(chosen.passages) == 3
    assert (chosen.reranked_by, chosen.warnings) == (None, ())


async def test_copies_give_their_places_to_others_however_many_they_are(index: Index) -> None:
    copies = {f"/copy/{number}": "A cat hunts at night." for number in range(150)}
    await put(index, {**copies, "/other": "That other cat sleeps."})

    chosen = await choose(parts_of(index), top_k=2)

    assert sorted(one.partition("/")[2][:4] for one in sources(chosen)) == ["copy", "othe"]
    assert len(chosen.passages[0].also_in) == 20


async def test_passages_stand_in_the_order_of_their_document_or_of_their_scores(
    index: Index,
) -> None:
    text = f"cat one\n\n{'filler ' * 12}\n\ncat cats two three"
    await put(index, {"/long": text, "/short": "my two cats"})
    parts = parts_of(index)

    in_order = await choose(parts, "cat cats two three", top_k=3)
    by_score = await choose(parts, "cat cats two three", top_k=3, ordered=False)

    assert sources(in_order) == ["/long", "/long", "/short"]
    assert in_order.passages[0].start < in_order.passages[1].start
    scores = [one.fused_score for one in by_score.passages]
    assert scores == sorted(scores, reverse=True)


async def test_a_small_context_merges_less(index: Index) -> None:
    await put(index, {"/guide": GUIDE.replace(" ", " " * 80)})

    small = await choose(parts_of(index, CHAT_CONTEXT_TOKENS=1024))

    assert all(one.chunks == 1 for one in small.passages)


async def test_diversity_brings_in_what_is_unlike(index: Index) -> None:
    alike = {f"/{number}": f"cat cats cat cats night {number}" for number in range(3)}
    await put(index, {**alike, "/unlike": "cat fish bowl water"})
    parts = parts_of(index)

    usual = await choose(parts, top_k=3)
    varied = await choose(parts, top_k=3, diversity=0.6)

    assert "/unlike" not in sources(usual)
    assert "/unlike" in sources(varied)


async def test_a_reranker_orders_the_candidates_and_is_named(index: Index) -> None:
    await put(index, {"/guide": GUIDE, **FILL})
    reranker = ScoringReranker()

    chosen = await choose(parts_of(index, reranker), top_k=1)

    ((query, texts),) = reranker.asked
    assert query == "cat cats"
    assert len(texts) == 20
    assert "Dogs bark" in chosen.passages[0].text
    assert chosen.passages[0].rerank_score == 1.0
    assert chosen.reranked_by == "scorer"


async def test_a_reranker_can_be_left_out(index: Index) -> None:
    await put(index, {"/guide": GUIDE})
    reranker = ScoringReranker()

    chosen = await choose(parts_of(index, reranker), rerank=False)

    assert reranker.asked == []
    assert chosen.reranked_by is None
    assert chosen.passages[0].rerank_score is None


@pytest.mark.parametrize(
    ("reranker", "said"),
    [
        (ScoringReranker(failure=UnavailableError("the reranker at http://x answered 503")), "503"),
        (ScoringReranker(hangs=True), "took longer than 0.2 s"),
    ],
)
async def test_when_the_reranker_fails_the_order_is_the_searchs(
    index: Index, reranker: ScoringReranker, said: str
) -> None:
    await put(index, {"/guide": GUIDE, **FILL})

    usual = await choose(parts_of(index))
    fallen = await choose(parts_of(index, reranker))

    best, other = fallen.passages[0], usual.passages[0]
    assert (best.source, best.start, best.end) == (other.source, other.start, other.end)
    assert [one.rerank_score for one in fallen.passages] == [None] * 3
    assert fallen.reranked_by is None
    assert said in fallen.warnings[0]


async def test_a_reranker_that_fails_again_and_again_is_left_alone_for_a_while(
    index: Index,
) -> None:
    await put(index, {"/guide": GUIDE})
    now = [0.0]
    reranker = ScoringReranker(failure=UnavailableError("down"))
    parts = parts_of(index)
    parts = replace(parts, reranking=Reranking(reranker, 20, 1.0, Rest(lambda: now[0])))

    said = [(await choose(parts)).warnings[0] for _ in range(5)]
    reranker.failure = None
    now[0] = 31.0
    back = await choose(parts)

    assert len(reranker.asked) == 4
    assert "left alone" in said[-1]
    assert back.reranked_by == "scorer"


async def test_the_weights_of_collections_count_for_the_reranker_too(index: Index) -> None:
    await put(index, {"/a": "dogs bark here"})
    await put(index, {"/b": "other dogs bark there"}, name="second")
    parts = parts_of(index, ScoringReranker())

    first = await choose(parts, "bark", weights={"default": 1.0, "second": 2.0}, top_k=2)
    other = await choose(parts, "bark", weights={"default": 2.0, "second": 1.0}, top_k=2)

    assert sources(first) == ["/b", "/a"]
    assert sources(other) == ["/a", "/b"]


async def test_an_empty_collection_asks_no_reranker(index: Index) -> None:
    await put(index, {})
    reranker = ScoringReranker()

    chosen = await choose(parts_of(index, reranker), diversity=1.0)

    assert (chosen.passages, chosen.found.empty) == ([], "empty_collection")
    assert reranker.asked == []
