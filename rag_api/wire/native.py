"""Our own protocol: each event as a named server-sent event, or all of them as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_api.events import Citation, Delta, Event, Gap, NearMiss, Outcome, PassageView, Timings
from rag_api.wire.completed import Completed
from rag_api.wire.json_line import dump_model, quote_text
from rag_core.query import LEAST_SCORE

RETRY_LINE = b"retry: 1000\n"
"""How many milliseconds a client waits before it comes back; on an event that carries data."""


class Usage(BaseModel):
    """What the answer cost, in the chat model's tokens."""

    model_config = ConfigDict(frozen=True)

    input_tokens: int
    output_tokens: int


class Answer(BaseModel):
    """A whole answer, as one JSON object."""

    # Whatever has a default is sent all the same, and the OpenAPI document says so.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    id: str = Field(description="Of the run, as before the colon of the stream's event ids.")
    question: str
    query: str = Field(description="What was searched: the question, in whole words.")
    collection: str
    collections: dict[str, float] = Field(description="As in `retrieved`.")
    reranked_by: str | None = Field(description="As in `retrieved`.")
    outcome: Outcome
    finish_reason: str
    answer: str = Field(description="With its markers `[n]`.")
    citations: tuple[Citation, ...] = Field(description="One for each marker, in their order.")
    passages: tuple[PassageView, ...] = Field(description="What was put before the model.")
    model: str
    usage: Usage
    queries: tuple[str, ...] = Field(
        (), description="All that was searched together: the query, and the same in other words."
    )
    rewritten_by: Literal["rule", "model"] | None = Field(
        None, description="Who wrote the queries; null when the question was searched as it stands."
    )
    warnings: tuple[str, ...] = Field((), description="What was left undone, one sentence each.")
    least_score: float = Field(
        LEAST_SCORE, description="What the `best_score` is held against, as in `retrieved`."
    )
    best_score: float | None = Field(None, description="As in `retrieved`.")
    timings: Timings = Field(Timings(), description="As in `retrieved`.")
    nearest: tuple[NearMiss, ...] = Field(
        (), description="The closest passages, best first, where the outcome is `insufficient`."
    )


class NativeEncoder:
    """Writes one run's events; each has the id `<run>:<its number>`.

    `after` is the number of the last event that the client has; the first event written tells the
    client how soon to come back after a cut.
    """

    def __init__(self, run_id: str, *, after: int = 0) -> None:
        self._id = run_id.encode()
        self._number = after
        self._retry = RETRY_LINE

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""
        return b"".join([self._encode_event(event) for event in events])

    def _encode_event(self, event: Event) -> bytes:
        self._number = event.last if isinstance(event, Gap) else self._number + 1
        retry, self._retry = self._retry, b""
        # Four of five events are deltas, and building one by hand takes a third of the time.
        if isinstance(event, Delta):
            data = b'{"type":"delta","text":%b}' % quote_text(event.text)
        else:
            data = dump_model(event)
        return b"%bevent: %b\nid: %b:%d\ndata: %b\n\n" % (
            retry,
            event.type.encode(),
            self._id,
            self._number,
            data,
        )


def view_answer(completed: Completed, *, run_id: str) -> Answer:
    """Put a completed run into one JSON object."""
    retrieved, done = completed.retrieved, completed.done
    return Answer(
        id=run_id,
        question=retrieved.question,
        query=retrieved.query,
        collection=retrieved.collection,
        collections=retrieved.collections,
        reranked_by=retrieved.reranked_by,
        warnings=retrieved.warnings,
        outcome=done.outcome,
        finish_reason=done.finish_reason,
        answer=completed.text,
        citations=completed.citations,
        passages=retrieved.passages,
        model=done.model,
        queries=retrieved.queries,
        rewritten_by=retrieved.rewritten_by,
        least_score=retrieved.least_score,
        best_score=retrieved.best_score,
        timings=retrieved.timings,
        nearest=done.nearest,
        usage=Usage(input_tokens=done.input_tokens, output_tokens=done.output_tokens),
    )
