"""A run, or a caller's copy of its answer → what is kept with a rating; and where ratings are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag_api.events import Citation, Cited, Delta, Done, Event, Failed, PassageView, Retrieved
from rag_api.feedback import AnswerCopy, CitationCopy, PassageCopy
from rag_api.runs import Run
from rag_api.wire.completed import leave_out_void
from rag_core.catalog import feedback
from rag_core.catalog.engine import Catalog
from rag_core.catalog.feedback import FoundPassage, Quote, RatedAnswer, Thumb
from rag_core.errors import InvalidRequestError

_FAILED = "failed"


class Ratings(Protocol):
    """Where ratings are kept."""

    async def rate(self, thumb: Thumb, answer: RatedAnswer | None) -> bool:
        """Keep a thumb in place of an earlier one; False when nobody knows its answer."""

    async def withdraw(self, answer_id: str, *, rated_by: str) -> bool:
        """Forget a thumb and all that was kept with it; whether there was one."""


@dataclass(frozen=True, slots=True)
class CatalogRatings:
    """The ratings of a catalog."""

    catalog: Catalog

    async def rate(self, thumb: Thumb, answer: RatedAnswer | None) -> bool:
        """Keep a thumb in place of an earlier one; False when nobody knows its answer."""
        return await feedback.rate(self.catalog, thumb, answer)

    async def withdraw(self, answer_id: str, *, rated_by: str) -> bool:
        """Forget a thumb and all that was kept with it; whether there was one."""
        return await feedback.withdraw(self.catalog, answer_id, rated_by=rated_by)


def read_run(run: Run) -> RatedAnswer | None:
    """What is kept of an answer that has ended; None when its first events are kept no more.

    Raises:
        InvalidRequestError: it has not ended, or found nothing before it failed.
    """
    if not run.log.ended:
        raise InvalidRequestError(f"the answer {run.id!r} is still being written: rate it then")
    events = run.log.take_all()
    retrieved, last = events[0], events[-1]
    if isinstance(retrieved, Failed):
        raise InvalidRequestError(f"there is no answer {run.id!r} to rate: {retrieved.detail}")
    if not isinstance(retrieved, Retrieved) or not isinstance(last, Done | Failed):
        return None
    return _read_events(retrieved, leave_out_void(events), last)


def _read_events(retrieved: Retrieved, said: Sequence[Event], last: Done | Failed) -> RatedAnswer:
    by_number = {passage.number: passage for passage in retrieved.passages}
    return RatedAnswer(
        question=retrieved.question,
        query=retrieved.query,
        collections=tuple(retrieved.collections) or (retrieved.collection,),
        text="".join(event.text for event in said if isinstance(event, Delta)),
        outcome=last.outcome if isinstance(last, Done) else _FAILED,
        model=last.model if isinstance(last, Done) else "",
        quotes=tuple(
            _quote(event.citation, by_number[event.citation.number].collection)
            for event in said
            if isinstance(event, Cited)
        ),
        passages=tuple(map(_found, retrieved.passages)),
        verified=True,
    )


def read_copy(copy: AnswerCopy) -> RatedAnswer:
    """What is kept of an answer that is as the caller says."""
    collections = {(one.document_id, one.source): one.collection for one in copy.passages}
    quotes = tuple(
        _quote(one, collections.get((one.document_id, one.source), copy.collection))
        for one in copy.citations
    )
    searched = (copy.collection, *(one.collection for one in copy.passages))
    return RatedAnswer(
        question=copy.question,
        query=copy.query if copy.query and copy.query.strip() else copy.question,
        collections=tuple(dict.fromkeys(searched)),
        text=copy.answer,
        outcome=copy.outcome,
        model=copy.model,
        quotes=quotes,
        passages=tuple(map(_found, copy.passages)),
        verified=False,
    )


def _quote(one: Citation | CitationCopy, collection: str) -> Quote:
    return Quote(collection, one.document_id, one.source, one.start, one.end, one.quote)


def _found(passage: PassageView | PassageCopy) -> FoundPassage:
    return FoundPassage(
        *(passage.collection, passage.document_id, passage.source),
        *(passage.start, passage.end, passage.fused_score),
    )
