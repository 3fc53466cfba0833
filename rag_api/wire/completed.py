"""A run's events, read to their end, as one value for the protocols' unstreamed answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from rag_api.events import Citation, Cited, Delta, Done, Event, Failed, Retrieved
from rag_core.errors import AnswerFailedError

AnswerStream = AsyncGenerator[tuple[Event, ...], None]
"""An answer's events; each tuple holds those that became ready together."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An answer that came to its end."""

    retrieved: Retrieved
    text: str
    citations: tuple[Citation, ...]
    done: Done


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
    return Completed(
        retrieved=first,
        text="".join([event.text for event in events if isinstance(event, Delta)]),
        citations=tuple([event.citation for event in events if isinstance(event, Cited)]),
        done=last,
    )
