"""Feedback in a real catalog to questions, to a file of them, and to what is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.evaluate.errors import DatasetError
from ingest.evaluate.feedback import RatedQuestions, read_feedback
from ingest.evaluate.feedback_export import write_questions
from ingest.evaluate.opening import open_dataset
from ingest.evaluate.page import write_page
from ingest.evaluate.placing import find_words
from ingest.evaluate.table import tail
from rag_core.catalog import documents, renames
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.catalog.feedback import Quote, RatedAnswer, Thumb, rate
from rag_core.catalog.renames import Rename
from rag_core.errors import CollectionNotFoundError, InvalidRequestError
from tests.ingest.evaluate_support import ANSWER, COLOGNE, EVALUATION, RIVERS, scored
from tests.rag_core.catalog_support import make_collection, publish_texts

ABSTAINED = replace(
    ANSWER, query="Who won the cup?", text="Not there.", outcome="insufficient", quotes=()
)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as opened:
        yield opened


@pytest.fixture
async def rivers(catalog: Catalog) -> Collection:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, **RIVERS)
    return collection


async def keep(
    catalog: Catalog, *rated: tuple[str, str, RatedAnswer], comment: str | None = None
) -> None:
    for name, rating, answer in rated:
        assert await rate(catalog, Thumb(name, "", rating, comment), answer)


async def test_what_liked_answers_cite_should_be_found(
    catalog: Catalog, rivers: Collection
) -> None:
    shouted = replace(ANSWER, query="WHICH river  flows through Cologne?")
    await keep(catalog, ("a", "up", ANSWER), ("b", "up", shouted), ("c", "up", ABSTAINED))

    first, second = (await read_feedback(catalog, rivers.name)).dataset.questions

    assert (first.id, first.text, first.documents) == ("a", ANSWER.query, {"rhine": 1})
    assert [(one.document, one.start, one.end) for one in first.passages] == [
        ("rhine", 0, len(COLOGNE))
    ]
    assert (second.id, second.answerable) == ("c", False)


async def test_what_was_rated_down_is_asked_and_expects_nothing(
    catalog: Catalog, rivers: Collection
) -> None:
    await keep(catalog, ("a", "down", ABSTAINED), ("b", "up", ABSTAINED), comment="It is there!")

    found = await read_feedback(catalog, rivers.name)

    (question,) = found.dataset.questions
    assert (question.answerable, question.is_judged) == (True, False)
    assert (found.rated.up, found.rated.down) == (1, 1)
    assert found.rated.rated_down[0].comment == "It is there!"


async def test_cited_words_are_found_where_they_stand_by_now(
    catalog: Catalog, rivers: Collection
) -> None:
    elbe = (await documents.find_live(catalog, rivers, ["elbe"]))["elbe"]
    quote = Quote("default", elbe.id, "elbe", 0, 8, "The Elbe")
    await keep(catalog, ("a", "up", ANSWER))
    await keep(catalog, ("b", "up", replace(ANSWER, query="Dresden?", quotes=(quote,))))
    await publish_texts(catalog, rivers, rhine=f"Rivers.\n\n{RIVERS['rhine']}")
    await renames.rename_documents(
        catalog, rivers, [Rename(elbe.id, "elbe", "new/elbe", reread=False)]
    )

    changed, renamed = (await read_feedback(catalog, rivers.name)).dataset.questions

    assert [(one.document, one.start) for one in changed.passages] == [("rhine", 9)]
    assert [(one.document, one.start) for one in renamed.passages] == [("new/elbe", 0)]


async def test_answers_whose_words_are_gone_are_left_out_and_counted(
    catalog: Catalog, rivers: Collection
) -> None:
    danube = replace(
        ANSWER, query="Vienna?", quotes=(Quote("default", "d2", "danube", 0, 10, "The Danube"),)
    )
    await keep(catalog, ("a", "up", ANSWER), ("b", "up", danube))
    await publish_texts(catalog, rivers, rhine="It was renamed.")

    found = await read_feedback(catalog, rivers.name)

    assert [one.id for one in found.dataset.questions] == ["b"]
    assert found.rated.left_out == 1


async def test_without_feedback_there_is_a_way_out(catalog: Catalog, rivers: Collection) -> None:
    with pytest.raises(DatasetError, match=r"no feedback on collection 'default' yet: readers"):
        await read_feedback(catalog, rivers.name)
    await make_collection(catalog, "other")
    await keep(catalog, ("a", "up", replace(ANSWER, quotes=())))
    with pytest.raises(DatasetError, match=r"there is some on 'default' \(--collection\)"):
        await read_feedback(catalog, "other")
    with pytest.raises(DatasetError, match="none of the 1 answers"):
        await read_feedback(catalog, rivers.name)
    with pytest.raises(CollectionNotFoundError):
        await read_feedback(catalog, "none")


async def read_some(catalog: Catalog, rivers: Collection) -> RatedQuestions:
    await keep(catalog, ("a", "up", ANSWER), ("b", "up", ABSTAINED))
    await keep(catalog, ("c", "down", replace(ANSWER, query="Length?")), comment="<b>No</b>")
    return await read_feedback(catalog, rivers.name)


async def test_the_file_of_questions_is_a_dataset_and_is_never_overwritten(
    catalog: Catalog, rivers: Collection, tmp_path: Path
) -> None:
    questions = await read_some(catalog, rivers)
    file = tmp_path / "rated.jsonl"

    write_questions(questions, file)

    again = open_dataset(file).questions
    here = questions.dataset.questions
    assert [replace(one, place="") for one in again] == [replace(one, place="") for one in here]
    with pytest.raises(InvalidRequestError, match="is there already"):
        write_questions(questions, file)
    with pytest.raises(InvalidRequestError, match="cannot write"):
        write_questions(questions, tmp_path / "none" / "rated.jsonl")


async def test_what_was_rated_down_is_told_with_its_comment(
    catalog: Catalog, rivers: Collection
) -> None:
    rated = (await read_some(catalog, rivers)).rated
    whole = replace(EVALUATION, feedback=rated)

    page = write_page(whole, [scored("c", 0.5)], [])

    assert "feedback: 2 rated up, 1 rated down" in tail(whole)
    assert any("And Cologne?: <b>No</b> (answered)" in line for line in tail(whole))
    assert "Rated down by readers" in page
    assert "&lt;b&gt;No&lt;/b&gt;" in page
    assert "some words" in page.partition("Rated down by readers")[2]


@pytest.mark.parametrize(
    ("words", "near", "place"),
    [("ab", 0, 0), ("ab", 5, 6), ("ab", 2, 3), ("no", 0, None), ("  ", 0, None), ("ab", 99, 6)],
)
def test_words_are_found_as_close_as_may_be(words: str, near: int, place: int | None) -> None:
    assert find_words("ab ab ab", words, near=near) == place


async def test_a_removed_document_takes_its_words_along(
    catalog: Catalog, rivers: Collection
) -> None:
    await keep(catalog, ("a", "up", ANSWER), ("b", "down", replace(ANSWER, query="Length?")))
    rhine = (await documents.find_live(catalog, rivers, ["rhine"]))["rhine"]

    await documents.remove_documents(catalog, rivers, [rhine.id])

    found = await read_feedback(catalog, rivers.name)
    assert (found.rated.left_out, found.rated.rated_down[0].answer) == (1, "")
