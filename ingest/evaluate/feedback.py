"""What readers think of answers to a Dataset: what was liked says what should be found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.evaluate.dataset import Dataset, ExpectedPassage, Question
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.evaluation import Rated, RatedDown
from ingest.evaluate.placing import place_quotes
from ingest.evaluate.questions import join_passages
from rag_core.catalog.collections import get_collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.feedback import Feedback, Quote, each_feedback, rated_collections

_NAME = "feedback"
_NAMED = 10


@dataclass(slots=True)
class Asked:
    """All feedback on one question, in whatever case and spacing it was asked; oldest first."""

    feedback: list[Feedback] = field(default_factory=list)
    passages: list[ExpectedPassage] = field(default_factory=list)
    """That answers which were rated up cite, as far as they are there still."""

    @property
    def id(self) -> str:
        """Of the question, and of no other; stays while more feedback comes in."""
        thumb = self.feedback[0].thumb
        return f"{thumb.answer_id}/{thumb.rated_by}" if thumb.rated_by else thumb.answer_id

    @property
    def text(self) -> str:
        """The question in whole words, so that it can be asked alone."""
        return self.feedback[0].answer.query

    def rated(self, rating: str) -> list[Feedback]:
        """The feedback with this rating."""
        return [one for one in self.feedback if one.thumb.rating == rating]

    @property
    def is_unanswerable(self) -> bool:
        """Whether all liked that nothing was answered."""
        outcomes = {one.answer.outcome for one in self.feedback}
        return outcomes == {"insufficient"} and not self.rated("down")

    @property
    def says_nothing(self) -> bool:
        """Whether it was liked alone, and what was liked cannot be found any more."""
        return not self.passages and not self.is_unanswerable and not self.rated("down")


@dataclass(frozen=True, slots=True)
class RatedQuestions:
    """The questions of a collection's feedback."""

    collection: str
    asked: Sequence[Asked]
    rated: Rated

    @property
    def dataset(self) -> Dataset:
        """As any other dataset; what was rated down alone expects nothing."""
        questions = list(map(_make_question, self.asked))
        return Dataset(f"{_NAME}-{self.collection}", Path(_NAME), "feedback", questions)


async def read_feedback(catalog: Catalog, name: str) -> RatedQuestions:
    """Gather what readers think of answers from a collection.

    Raises:
        CollectionNotFoundError: there is none of this name.
        DatasetError: there is no feedback on it, or none that can be used.
    """
    collection = await get_collection(catalog, name)
    every = [one async for one in each_feedback(catalog, name)]
    if not every:
        raise DatasetError(_say_none(name, await rated_collections(catalog)))
    cited = [quote for one in every for quote in _liked_quotes(one, name)]
    grouped = _group(every, await place_quotes(catalog, collection, cited), name)
    asked = [one for one in grouped if not one.says_nothing]
    if not asked:
        raise DatasetError(
            f"none of the {len(every)} answers from collection {name!r} that were rated up can be "
            "evaluated: the words that they cite stand in no document any more"
        )
    left_out = sum(len(one.feedback) for one in grouped if one.says_nothing)
    return RatedQuestions(name, asked, _summarise(every, asked, left_out))


def _say_none(name: str, others: Sequence[str]) -> str:
    elsewhere = ", ".join(map(repr, others[:_NAMED]))
    there = f"; there is some on {elsewhere} (--collection)" if others else ""
    return (
        f"there is no feedback on collection {name!r} yet{there}: readers give it by the thumbs "
        "below an answer at /demo, and programs by POST /v1/feedback"
    )


def _liked_quotes(feedback: Feedback, collection: str) -> list[Quote]:
    """What an answer that was liked cites from a collection."""
    if feedback.thumb.rating != "up" or feedback.answer.outcome != "answered":
        return []
    return [quote for quote in feedback.answer.quotes if quote.collection == collection]


def _group(
    every: Sequence[Feedback], placed: Mapping[Quote, ExpectedPassage], collection: str
) -> list[Asked]:
    grouped: dict[str, Asked] = {}
    for one in every:
        asked = grouped.setdefault(" ".join(one.answer.query.casefold().split()), Asked())
        asked.feedback.append(one)
        asked.passages += [
            placed[quote] for quote in _liked_quotes(one, collection) if quote in placed
        ]
    return list(grouped.values())


def _make_question(asked: Asked) -> Question:
    passages = join_passages(asked.passages)
    return Question(
        asked.id,
        asked.text,
        f"the feedback on {asked.id}",
        {one.document: 1 for one in passages if one.document is not None},
        tuple(passages),
        answerable=not asked.is_unanswerable,
    )


def _summarise(every: Sequence[Feedback], asked: Sequence[Asked], left_out: int) -> Rated:
    down = [(one.id, feedback) for one in asked for feedback in one.rated("down")]
    down.sort(key=lambda one: one[1].changed_at, reverse=True)
    return Rated(
        up=len(every) - len(down),
        down=len(down),
        left_out=left_out,
        rated_down=tuple(_describe(name, feedback) for name, feedback in down),
    )


def _describe(question_id: str, feedback: Feedback) -> RatedDown:
    answer = feedback.answer
    return RatedDown(
        id=question_id,
        question=answer.question,
        comment=feedback.thumb.comment,
        answer=answer.text,
        outcome=answer.outcome,
        model=answer.model,
        cited=tuple(dict.fromkeys(quote.source for quote in answer.quotes)),
        rated_at=f"{feedback.changed_at.replace(tzinfo=None).isoformat(timespec='seconds')}Z",
    )
