from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_api.events import PassageView
from rag_api.wire.source_names import name_sources
from tests.answers import passage_view

TITLES = st.sampled_from(["a", "a (2)", "a (3)", "a: a", "a, page 1", " \n"])


def passage(number: int, title: str, *, page: int | None = None, heading: str = "") -> PassageView:
    headings = (heading,) if heading else ()
    return passage_view(number, title=title).model_copy(
        update={"page": page, "heading_path": headings}
    )


def test_a_source_has_the_name_of_its_document_and_page() -> None:
    names = name_sources([passage(1, "Guide", page=3, heading="Start"), passage(2, "Other")])

    assert names == {1: "Guide, page 3", 2: "Other"}


def test_passages_of_one_document_are_told_apart() -> None:
    passages = [passage(n, "Guide", heading=word) for n, word in enumerate("aabb", start=1)]

    names = list(name_sources(passages).values())

    assert names == ["Guide: a", "Guide: a (2)", "Guide: b", "Guide: b (2)"]


def test_a_document_without_a_title_has_the_name_of_its_file() -> None:
    assert name_sources([passage(2, " \n")]) == {2: "/docs/2.md"}


@given(st.lists(st.tuples(TITLES, st.none() | st.just(1), st.sampled_from(["", "a", "a (2)"]))))
def test_no_two_sources_have_one_name_and_none_is_without(
    described: list[tuple[str, int | None, str]],
) -> None:
    passages = [
        passage(number, title, page=page, heading=heading)
        for number, (title, page, heading) in enumerate(described, start=1)
    ]

    names = list(name_sources(passages).values())

    assert all(names)
    assert len(set(names)) == len(passages)
