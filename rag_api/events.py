"""What an answer is made of: typed events, in order, one terminal event at the end.

`Retrieved`, then `Delta`… and `Cited`…, then `Done` or `Failed`. A `Restarted` in between voids
the text before it, and a `Gap` stands for events that are kept no more. Every protocol is an
encoding of these same events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_core.documents import Passage
from rag_core.query import LEAST_SCORE, Empty

_CONFIDENCE_DIGITS = 4


class _Event(BaseModel):
    # Whatever has a default is sent all the same, and the OpenAPI document says so.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class PassageView(_Event):
    """A passage that was put before the model, by its number."""

    number: int = Field(ge=1, description="What a marker `[n]` in the answer refers to.")
    chunk_id: str
    document_id: str
    collection: str
    source: str = Field(description="Absolute path or URL of the document.")
    title: str
    page: int | None = Field(description="From 1; null when the format has no pages.")
    heading_path: tuple[str, ...] = Field(
        description="Headings above the passage, outermost first."
    )
    start: int
    end: int = Field(description="`document_text[start:end] == text`, in Unicode code points.")
    text: str
    score: float = Field(description="Cosine similarity in [-1, 1], higher is closer.")
    lexical_score: float = Field(description="BM25, 0 or more.")
    fused_score: float = Field(description="Of both; absolute, may be held to a threshold.")
    confidence: float = Field(
        description="The probability, by its `fused_score`, that the collection speaks of what was "
        "asked, if this is the best passage: means the same whatever scores are made of."
    )
    url: str = Field(description="Shows the passage in its place.")
    metadata: dict[str, str]
    rerank_score: float | None = Field(
        None, description="By the reranker, on its own scale; null when none has read it."
    )
    also_in: tuple[str, ...] = Field(
        (), description="Sources of other documents that say nearly the same, left out for that."
    )


class Citation(_Event):
    """Where the answer points at a passage."""

    number: int = Field(ge=1)
    document_id: str
    chunk_id: str
    source: str
    title: str
    page: int | None
    start: int
    end: int = Field(description="`document_text[start:end] == quote`, in Unicode code points.")
    quote: str
    url: str
    answer_start: int
    answer_end: int = Field(description="The marker in the answer, in Unicode code points.")


class Timings(_Event):
    """How long it took to find the passages, step by step."""

    rewriting_milliseconds: float = Field(
        0.0, description="Until it was known what to search; the chat model may have been asked."
    )
    searching_milliseconds: float = Field(
        0.0, description="All but the two others: by meaning and by words, and reading what it was."
    )
    reranking_milliseconds: float | None = Field(
        None, description="Until the reranker answered or failed; null when none was asked."
    )


class Retrieved(_Event):
    """The passages found for the question; the first event."""

    type: Literal["retrieved"] = "retrieved"
    question: str
    query: str = Field(description="What was searched: the question, in whole words.")
    collection: str = Field(description="The first one, where several were searched.")
    passages: tuple[PassageView, ...]
    collections: dict[str, float] = Field(
        default_factory=dict, description="All that were searched, each with its weight."
    )
    least_score: float = Field(
        LEAST_SCORE,
        description="Where no passage has this `fused_score`, they are not thought to hold the "
        "answer; `ingest eval --calibrate` chooses it for a collection.",
    )
    best_score: float | None = Field(
        None,
        description="The highest `fused_score` that was found, which `least_score` is held "
        "against: a reranker may have left that passage out. Null when there are no passages.",
    )
    empty: Empty | None = Field(
        None, description="Why there are no passages; null when there are some, or none fits."
    )
    queries: tuple[str, ...] = Field(
        (), description="All that was searched together: the query, and the same in other words."
    )
    rewritten_by: Literal["rule", "model"] | None = Field(
        None, description="Who wrote the queries; null when the question was searched as it stands."
    )
    reranked_by: str | None = Field(
        None, description="The model that ordered them; null: the order is the search's."
    )
    warnings: tuple[str, ...] = Field((), description="What was left undone, one sentence each.")
    timings: Timings = Field(
        Timings(), description="How long that took; the same each time the answer is read."
    )


class Delta(_Event):
    """The next piece of the answer's text."""

    type: Literal["delta"] = "delta"
    text: str


class Cited(_Event):
    """The answer's text so far ends with a marker, and this is what it points at."""

    type: Literal["cited"] = "cited"
    citation: Citation


class Restarted(_Event):
    """The chat model broke off, and another begins anew: text and citations so far are void."""

    type: Literal["restarted"] = "restarted"
    model: str = Field(description="The model that answers from here on.")
    detail: str = Field(description="Why the one before it did not finish.")


class Gap(_Event):
    """The events with these numbers are kept no more; those after them follow."""

    type: Literal["gap"] = "gap"
    first: int
    last: int


Outcome = Literal["answered", "insufficient", "empty_collection", "filtered_out"]


class NearMiss(_Event):
    """A passage that came closest to a question that the documents do not answer."""

    number: int = Field(ge=1, description="Of the passage in `retrieved`.")
    chunk_id: str
    title: str
    source: str = Field(description="Absolute path or URL of the document.")
    page: int | None = Field(description="From 1; null when the format has no pages.")
    score: float = Field(description="Cosine similarity in [-1, 1], higher is closer.")
    fused_score: float = Field(description="What `least_score` of `retrieved` is held against.")
    url: str = Field(description="Shows the passage in its place.")


class Done(_Event):
    """The answer is complete; a terminal event."""

    type: Literal["done"] = "done"
    outcome: Outcome
    finish_reason: Literal["stop", "length", "content_filter"]
    model: str
    input_tokens: int
    output_tokens: int
    nearest: tuple[NearMiss, ...] = Field(
        (), description="The closest passages, best first, where the outcome is `insufficient`."
    )


class Failed(_Event):
    """The answer cannot be completed; a terminal event. What was sent before stays valid."""

    type: Literal["failed"] = "failed"
    error: str = Field(description="The error's name, as in the HTTP errors.")
    detail: str
    retryable: bool = Field(description="Whether the same question may succeed later.")
    retry_after_seconds: float | None = Field(
        None, description="How long to wait before, when the chat model's server said so."
    )


Event = Annotated[
    Retrieved | Delta | Cited | Restarted | Gap | Done | Failed, Field(discriminator="type")
]

Events = tuple[Event, ...]
"""Events that became ready together, to be sent together; in their order."""

AnswerStream = AsyncGenerator[Events, None]
"""The events of one answer, as they become ready."""


def view_passage(passage: Passage, *, number: int, url: str) -> PassageView:
    """Number a passage for an answer; `url` is absolute and shows it in its place."""
    return PassageView(
        number=number,
        chunk_id=passage.chunk_id,
        document_id=passage.document_id,
        collection=passage.collection,
        source=passage.source,
        title=passage.title,
        page=passage.page,
        heading_path=passage.heading_path,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=passage.score,
        lexical_score=passage.lexical_score,
        fused_score=passage.fused_score,
        confidence=round(passage.confidence, _CONFIDENCE_DIGITS),
        url=url,
        metadata=dict(passage.metadata),
        rerank_score=passage.rerank_score,
        also_in=passage.also_in,
    )
