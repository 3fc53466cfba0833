from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.citations import CitationFinder
from rag_api.context import Stretch, diversify, merge_touching, order_by_document
from rag_api.events import Cited, view_passage
from rag_core.documents import Passage, chunk_id
from tests.passages import DOCUMENT

FEW = 400
"""Characters that a merged passage may have in these tests."""


def passage(
    start: int, end: int, *, document: str = "d1", fused: float = 0.5, text: str = DOCUMENT
) -> Passage:
    return Passage(
        chunk_id=chunk_id(document, start),
        document_id=document,
        collection="default",
        source=f"/docs/{document}.md",
        title="The lighthouse",
        text=text[start:end],
        start=start,
        end=end,
        page=start // 100 + 1,
        heading_path=(f"from {start}",),
        score=0.4,
        lexical_score=1.0,
        fused_score=fused,
    )


def ranges(stretches: list[Stretch]) -> list[tuple[str, int, int]]:
    return [(one.best.document_id, one.start, one.end) for one in stretches]


def merge(*passages: Passage, most: int = 9, characters: int = FEW) -> list[Stretch]:
    return merge_touching(passages, most=most, max_characters=characters)


def test_chunks_that_touch_become_one_passage_with_the_scores_of_the_best() -> None:
    (one,) = merge(passage(102, 200, fused=0.9), passage(0, 100, fused=0.3))

    merged = one.as_passage(DOCUMENT[one.start : one.end])

    assert DOCUMENT[merged.start : merged.end] == merged.text == DOCUMENT[:200]
    assert (merged.fused_score, merged.chunk_id) == (0.9, chunk_id("d1", 102))
    assert (merged.page, merged.heading_path) == (1, ("from 0",))


def test_overlapping_chunks_are_merged_without_saying_anything_twice() -> None:
    assert ranges(merge(passage(0, 120), passage(80, 200))) == [("d1", 0, 200)]


def test_what_lies_apart_or_in_another_document_stays_apart() -> None:
    found = merge(passage(0, 50), passage(200, 250), passage(50, 100, document="d2"))

    assert len(found) == 3
    assert not any(one.is_merged for one in found)


def test_a_chunk_between_two_joins_them_in_the_place_of_the_better() -> None:
    found = merge(
        passage(0, 90), passage(0, 50, document="d2"), passage(200, 290), passage(92, 198)
    )

    assert ranges(found) == [("d1", 0, 290), ("d2", 0, 50)]


def test_a_merge_does_not_swallow_the_budget() -> None:
    found = merge(passage(0, 100), passage(100, 200), passage(200, 300), characters=250)

    assert ranges(found) == [("d1", 0, 200), ("d1", 200, 300)]


def test_a_passage_longer_than_the_limit_is_given_as_it_is() -> None:
    assert ranges(merge(passage(0, 300), characters=100)) == [("d1", 0, 300)]


def test_merging_leaves_room_for_others_up_to_the_number_that_is_wanted() -> None:
    found = merge(
        passage(0, 90), passage(92, 190), passage(0, 50, document="d2"), passage(0, 9), most=2
    )

    assert ranges(found) == [("d1", 0, 190), ("d2", 0, 50)]


def test_what_fits_less_than_all_that_are_wanted_makes_none_of_them_longer() -> None:
    found = merge(passage(0, 90), passage(0, 50, document="d2"), passage(92, 190), most=2)

    assert ranges(found) == [("d1", 0, 90), ("d2", 0, 50)]


def test_what_was_left_out_for_either_half_is_named_once() -> None:
    first = replace(passage(0, 90), also_in=("/a", "/b"))

    (one,) = merge(first, replace(passage(92, 190), also_in=("/b", "/c")))

    assert one.best.also_in == ("/a", "/b", "/c")


PASSAGES = st.lists(
    st.tuples(st.integers(0, 250), st.integers(1, 80), st.sampled_from(["d1", "d2"])), max_size=20
)


@given(PASSAGES, st.integers(1, 9), st.integers(1, 300))
def test_stretches_cover_whole_passages_and_keep_their_limits(
    given_passages: list[tuple[int, int, str]], most: int, characters: int
) -> None:
    passages = [
        passage(start, start + length, document=document)
        for start, length, document in given_passages
    ]

    found = merge_touching(passages, most=most, max_characters=characters)

    assert len(found) <= most
    for one in found:
        inside = [
            piece
            for piece in passages
            if piece.document_id == one.best.document_id
            and one.start <= piece.start < piece.end <= one.end
        ]
        assert one.best.start >= one.start
        assert min(piece.start for piece in inside) == one.start == one.first.start
        assert max(piece.end for piece in inside) == one.end
        assert one.end - one.start <= characters or not one.is_merged
    if passages:
        assert found[0].start <= passages[0].start < passages[0].end <= found[0].end


def test_passages_of_one_document_stand_in_its_order_and_the_best_document_first() -> None:
    found = merge(
        passage(200, 250),
        passage(9, 50, document="d2"),
        passage(0, 50),
        passage(250, 260, document="d2"),
    )

    assert ranges(order_by_document(found)) == [
        ("d1", 0, 50),
        ("d1", 200, 250),
        ("d2", 9, 50),
        ("d2", 250, 260),
    ]


@given(st.integers(0, 3))
def test_a_citation_of_a_merged_passage_points_at_the_exact_words(which: int) -> None:
    sentences = (
        "built in 1844 by Alan Stevenson",
        "48 metres above the sea",
        "lived on the rock for six weeks",
        "made automatic in 1994",
    )
    (one,) = merge(passage(130, len(DOCUMENT)), passage(0, 128))
    merged = view_passage(one.as_passage(DOCUMENT), number=1, url="http://here")

    events = CitationFinder([merged]).feed(f"It was {sentences[which]} [1].")

    (cited,) = (event for event in events if isinstance(event, Cited))
    citation = cited.citation
    assert sentences[which] in citation.quote
    assert DOCUMENT[citation.start : citation.end] == citation.quote


VECTORS = {chunk_id("d1", start): np.eye(3)[place] for place, start in enumerate((0, 100, 200))}


def test_diversity_puts_what_is_unlike_before_what_repeats() -> None:
    first, alike, other = (
        passage(0, 9, fused=0.9),
        passage(100, 109, fused=0.8),
        passage(200, 209, fused=0.6),
    )
    vectors = VECTORS | {alike.chunk_id: VECTORS[first.chunk_id]}

    assert diversify([first, alike, other], vectors, weights={}, diversity=0.0) == [
        first,
        alike,
        other,
    ]
    assert diversify([first, alike, other], vectors, weights={}, diversity=0.7) == [
        first,
        other,
        alike,
    ]


def test_the_scale_of_a_reranker_changes_nothing() -> None:
    passages = [passage(at, at + 9) for at in (0, 100, 200)]
    vectors = VECTORS | {passages[1].chunk_id: VECTORS[passages[0].chunk_id]}
    orders = [
        [one.start for one in diversify(scored, vectors, weights={}, diversity=0.6)]
        for scale in (1.0, 1000.0)
        for scored in [
            [replace(one, rerank_score=scale * (3 - place)) for place, one in enumerate(passages)]
        ]
    ]

    assert orders[0] == orders[1] == [0, 200, 100]


@pytest.mark.parametrize("vectors", [{}, VECTORS])
@given(st.floats(0, 1), st.integers(0, 6))
def test_diversity_leaves_nothing_out(
    vectors: dict[str, np.ndarray], diversity: float, count: int
) -> None:
    passages = [passage(100 * at, 100 * at + 9) for at in range(count)]

    varied = diversify(passages, vectors, weights={}, diversity=diversity)

    assert sorted(varied, key=lambda one: one.start) == passages
    assert all(one.start != other.start for one, other in pairwise(varied))
