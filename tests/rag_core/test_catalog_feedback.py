from __future__ import annotations

from dataclasses import replace

from rag_core.catalog import documents, feedback
from rag_core.catalog.engine import Catalog
from rag_core.catalog.feedback import Feedback, FoundPassage, Quote, RatedAnswer, Thumb
from tests.rag_core.catalog_support import make_collection, publish_texts

UP = Thumb("a1", "", "up", "Just so.")
ANSWER = RatedAnswer(
    question="And its price?",
    query="What does the plan cost?",
    collections=("default", "more"),
    text="It costs 12 euros [1].",
    outcome="answered",
    model="tiny",
    quotes=(Quote("default", "d1", "price", 3, 12, "costs 12 €"),),
    passages=(FoundPassage("default", "d1", "price", 0, 20, 0.5),),
    verified=True,
)


async def read(catalog: Catalog, collection: str = "default") -> list[Feedback]:
    return [one async for one in feedback.each_feedback(catalog, collection)]


async def test_a_thumb_is_kept_with_its_answer(catalog: Catalog) -> None:
    assert await feedback.rate(catalog, UP, ANSWER)

    (kept,) = await read(catalog, "more")
    assert (kept.thumb, kept.answer) == (UP, ANSWER)
    assert kept.created_at == kept.changed_at
    assert await read(catalog, "other") == []
    assert await feedback.rated_collections(catalog) == ["default", "more"]


async def test_a_changed_mind_replaces_the_thumb_and_leaves_the_answer(catalog: Catalog) -> None:
    await feedback.rate(catalog, UP, ANSWER)
    down = replace(UP, rating="down", comment=None)

    assert await feedback.rate(catalog, down, replace(ANSWER, text="forged", verified=False))
    assert await feedback.rate(catalog, down, None)

    (kept,) = await read(catalog)
    assert (kept.thumb, kept.answer) == (down, ANSWER)
    assert kept.created_at < kept.changed_at


async def test_people_whom_the_caller_tells_apart_rate_apart(catalog: Catalog) -> None:
    await feedback.rate(catalog, UP, ANSWER)
    await feedback.rate(catalog, replace(UP, rated_by="ada", rating="down"), ANSWER)

    assert await feedback.withdraw(catalog, "a1", rated_by="ada")
    assert not await feedback.withdraw(catalog, "a1", rated_by="ada")

    assert [one.thumb for one in await read(catalog)] == [UP]


async def test_a_thumb_for_an_answer_that_nobody_knows_is_not_kept(catalog: Catalog) -> None:
    assert not await feedback.rate(catalog, UP, None)

    assert await read(catalog) == []


async def test_what_no_database_takes_is_kept_all_the_same(catalog: Catalog) -> None:
    quote = replace(ANSWER.quotes[0], source="a\0b", text="\ud83d")

    await feedback.rate(catalog, replace(UP, comment="\0"), replace(ANSWER, quotes=(quote,)))

    (kept,) = await read(catalog)
    assert (kept.thumb.comment, kept.answer.quotes[0].text) == ("\ufffd", "\ufffd")


async def test_the_words_of_a_removed_document_go_and_the_thumb_stays(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await make_collection(catalog, "more")
    gone, stays = await publish_texts(catalog, collection, price="It costs 12 €.", other="More.")
    elsewhere = replace(ANSWER.passages[0], collection="more")
    await feedback.rate(catalog, UP, ANSWER)
    other = replace(ANSWER, quotes=(), passages=(elsewhere,))
    await feedback.rate(catalog, replace(UP, answer_id="a2"), other)

    await documents.remove_documents(catalog, collection, [stays])
    assert [one.answer for one in await read(catalog)] == [ANSWER, other]
    await documents.remove_documents(catalog, collection, [gone])

    first, second = await read(catalog)
    assert first.answer == replace(ANSWER, text="", quotes=(), passages=())
    assert (first.thumb, second.answer) == (UP, other)


async def test_a_new_version_of_a_document_leaves_what_was_said_of_it(catalog: Catalog) -> None:
    collection = await make_collection(catalog)
    await publish_texts(catalog, collection, price="It costs 12 €.")
    await feedback.rate(catalog, UP, ANSWER)

    (staged,) = await publish_texts(catalog, collection, price="It costs 13 €.")
    await documents.remove_documents(catalog, collection, ["unknown"])

    assert staged
    assert [one.answer for one in await read(catalog)] == [ANSWER]
