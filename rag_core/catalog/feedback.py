"""Feedback: a thumb up or down for an answer, with what is known of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import ColumnElement, RowMapping, bindparam, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import among, storable

Rating = Literal["up", "down"]

_table = tables.feedback
_NAMES = ("document_id", "source")
_KEY = (_table.c.answer_id, _table.c.rated_by)
# As text for the same reason as `collections._ADD`. Whoever rates an answer again changes nothing
# of what is known of it.
_RATE = text(
    "INSERT INTO feedback (answer_id, rated_by, rating, comment, question, query, collections,"
    " answer, outcome, model, quotes, passages, verified, created_at, changed_at)"
    " VALUES (:answer_id, :rated_by, :rating, :comment, :question, :query, :collections,"
    " :answer, :outcome, :model, :quotes, :passages, :verified, :now, :now)"
    " ON CONFLICT (answer_id, rated_by) DO UPDATE SET"
    " rating = excluded.rating, comment = excluded.comment, changed_at = excluded.changed_at"
).bindparams(
    bindparam("collections", type_=tables.JsonTuple),
    bindparam("quotes", type_=_table.c.quotes.type),
    bindparam("passages", type_=_table.c.passages.type),
    bindparam("now", type_=tables.UtcTime),
)


@dataclass(frozen=True, slots=True)
class Thumb:
    """What somebody thinks of an answer."""

    answer_id: str
    rated_by: str
    """Empty where the caller does not tell people apart."""
    rating: Rating
    comment: str | None


@dataclass(frozen=True, slots=True)
class Quote:
    """A part of a document that an answer cites, as it was then."""

    collection: str
    document_id: str
    source: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that an answer was made from; its words are left out."""

    collection: str
    document_id: str
    source: str
    start: int
    end: int
    fused_score: float


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """An answer, as far as an evaluation needs it later."""

    question: str
    query: str
    """What was searched: the question, in whole words."""
    collections: tuple[str, ...]
    """That were searched."""
    text: str
    """With its markers; empty once a document that it cites was removed."""
    outcome: str
    """As in `done`; `failed` when the answer did not come to its end."""
    model: str
    quotes: tuple[Quote, ...]
    passages: tuple[FoundPassage, ...]
    verified: bool
    """Whether it is as this program gave it, not as the caller says that it did."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb, and the answer that it is for."""

    thumb: Thumb
    answer: RatedAnswer
    created_at: datetime
    changed_at: datetime


async def rate(catalog: Catalog, thumb: Thumb, answer: RatedAnswer | None) -> bool:
    """Keep a thumb in place of an earlier one; False when nobody knows its answer.

    What is kept of an answer that was rated before stays, and `answer` may be None then.
    """
    values = _thumb_values(thumb)
    async with catalog.writing() as connection:
        if answer is None:
            change = update(_table).where(*_is(thumb.answer_id, thumb.rated_by))
            again = change.values(changed_at=datetime.now(UTC), **values)
            return bool((await connection.execute(again)).rowcount)
        named = {
            "answer_id": storable(thumb.answer_id),
            "rated_by": storable(thumb.rated_by),
            "now": datetime.now(UTC),
        }
        await connection.execute(_RATE, {**named, **values, **_answer_values(answer)})
    return True


async def withdraw(catalog: Catalog, answer_id: str, *, rated_by: str) -> bool:
    """Forget a thumb and all that was kept with it; whether there was one."""
    async with catalog.writing() as connection:
        gone = delete(_table).where(*_is(answer_id, rated_by))
        return bool((await connection.execute(gone)).rowcount)


async def each_feedback(catalog: Catalog, collection: str) -> AsyncIterator[Feedback]:
    """All feedback on answers for which this collection was searched, oldest first."""
    query = select(_table).order_by(_table.c.created_at, *_KEY)
    # Rows are read one by one within a transaction alone.
    async with catalog.snapshot() as then, then.connection.stream(query) as rows:
        async for row in rows.mappings():
            feedback = _make(row)
            if collection in feedback.answer.collections:
                yield feedback


async def rated_collections(catalog: Catalog) -> list[str]:
    """Name the collections that there is feedback on, in order."""
    async with catalog.reading() as connection:
        every = await connection.scalars(select(_table.c.collections))
        return sorted({name for names in every for name in names})


async def forget_words(
    connection: AsyncConnection, collection: Collection, document_ids: Sequence[str]
) -> None:
    """Forget what answers say of live documents that are removed in this transaction.

    Question, rating and comment stay: they are the words of who asked.
    """
    documents = tables.documents
    live = select(documents.c.id, documents.c.source).where(
        among(documents.c.id, document_ids),
        tables.row_collection_id == collection.id,
        tables.row_state == "live",
    )
    removed = {(collection.name, one) for row in await connection.execute(live) for one in row}
    if not removed:
        return
    query = select(*_KEY, _table.c.quotes, _table.c.passages)
    for *key, quotes, passages in await connection.execute(query):
        places = [*quotes, *passages]
        # A renamed document keeps its id, and a changed one its source.
        said_of = {(one["collection"], one[name]) for one in places for name in _NAMES}
        if removed & said_of:
            forgotten = {"answer": "", "quotes": [], "passages": []}
            await connection.execute(update(_table).where(*_is(*key)).values(forgotten))


def _is(answer_id: str, rated_by: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _table.c.answer_id == storable(answer_id),
        _table.c.rated_by == storable(rated_by),
    )


def _thumb_values(thumb: Thumb) -> dict[str, str | None]:
    comment = None if thumb.comment is None else storable(thumb.comment)
    return {"rating": thumb.rating, "comment": comment}


def _answer_values(answer: RatedAnswer) -> dict[str, object]:
    return {
        "question": storable(answer.question),
        "query": storable(answer.query),
        "collections": tuple(map(storable, answer.collections)),
        "answer": storable(answer.text),
        "outcome": storable(answer.outcome),
        "model": storable(answer.model),
        "quotes": list(map(_plain, answer.quotes)),
        "passages": list(map(_plain, answer.passages)),
        "verified": answer.verified,
    }


def _plain(place: Quote | FoundPassage) -> dict[str, object]:
    values = asdict(place).items()
    return {name: storable(one) if isinstance(one, str) else one for name, one in values}


def _make(row: RowMapping) -> Feedback:
    thumb = Thumb(row["answer_id"], row["rated_by"], row["rating"], row["comment"])
    answer = RatedAnswer(
        question=row["question"],
        query=row["query"],
        collections=row["collections"],
        text=row["answer"],
        outcome=row["outcome"],
        model=row["model"],
        quotes=tuple(Quote(**one) for one in row["quotes"]),
        passages=tuple(FoundPassage(**one) for one in row["passages"]),
        verified=row["verified"],
    )
    return Feedback(thumb, answer, row["created_at"], row["changed_at"])
