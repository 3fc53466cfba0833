"""A run's events, read to their end, as one value for the protocols' unstreamed answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag_api.answer_errors import AnswerFailedError
from rag_api.events import (
    AnswerStream,
    Citation,
    Cited,
    Delta,
    Done,
    Event,
    Events,
    Failed,
    Restarted,
    Retrieved,
)


@dataclass(frozen=True, slots=True)
class Completed:
    """An answer that came to its end."""

    retrieved: Retrieved
    text: str
    citations: tuple[Citation, ...]
    done: Done

    def as_events(self) -> Events:
        """The answer as if it had come in one piece."""
        cited = [Cited(citation=citation) for citation in self.citations]
        return (self.retrieved, Delta(text=self.text), *cited, self.done)


async def complete(stream: AnswerStream) -> Completed:
    """Read an answer to its end.

    Raises:
        AnswerFailedError: it ended with `Failed`.
    """
    async with aclosing(stream) as tuples:
        events = [event async for ready in tuples for event in ready]
    first, last = events[0], events[-1]
    if isinstance(last, Failed):
        raise AnswerFailedError(
            last.detail,
            error=last.error,
            retryable=last.retryable,
            retry_after_seconds=last.retry_after_seconds,
        )
    if not isinstance(first, Retrieved) or not isinstance(last, Done):
        raise TypeError("an answer begins with Retrieved and ends with Done or Failed")
    valid = leave_out_void(events)
    return Completed(
        retrieved=first,
        text="".join([event.text for event in valid if isinstance(event, Delta)]),
        citations=tuple([event.citation for event in valid if isinstance(event, Cited)]),
        done=last,
    )


def leave_out_void(events: Sequence[Event]) -> Sequence[Event]:
    """The passages, and the events behind the last new beginning."""
    starts = [place for place, event in enumerate(events) if isinstance(event, Restarted)]
    return (events[0], *events[starts[-1] + 1 :]) if starts else events
