"""What the MCP tools take and give; `search` and `fetch` as ChatGPT's contract has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from rag_api.events import Citation, Outcome, PassageView
from rag_api.requests import DocumentView, Question, SourceView
from rag_api.texts import Text
from rag_api.wire.completed import Completed
from rag_core.documents import join_headings
from rag_core.filter_values import FIELDS
from rag_core.filters import Filter

WINDOW_CHARACTERS = 20_000
"""How much of a document `fetch` gives at most: some 5,000 tokens of English."""
_EDGE_CHARACTERS = 500
"""How far the window's edges may move inwards, to the end of a line."""


class _Arguments(BaseModel):
    # Some clients send names and sessions of their own along with what the model wrote.
    model_config = ConfigDict(frozen=True, extra="ignore")


# Some clients cannot follow a schema that refers to itself: the grammar is told in words.
_Filter = Annotated[
    Filter | None,
    WithJsonSchema({"type": "object"}),
    Field(
        description="Only documents of which this holds; leave it out for all. Either "
        '{"type": "eq"|"ne"|"gt"|"gte"|"lt"|"lte"|"contains"|"starts_with", "key": KEY, "value": '
        'VALUE} or {"type": "in"|"nin", "key": KEY, "value": [VALUE, ...]} or '
        '{"type": "and"|"or", "filters": [FILTER, ...]} or {"type": "not", "filter": FILTER}. KEY '
        f"is {', '.join(FIELDS)}, or metadata.NAME; language is a code such as en."
    ),
]


class SearchArguments(_Arguments):
    """What to search."""

    query: Annotated[Question, Field(description="What to look for: a question, or its words.")]


class FetchArguments(_Arguments):
    """Which passage."""

    id: Annotated[Text, Field(description="A result's `id`, or a source's `chunk_id`.")]


class AskArguments(_Arguments):
    """What to answer, from which documents."""

    question: Annotated[Question, Field(description="A whole question, in any language.")]
    # Some clients cannot read a schema that allows null; null is taken all the same.
    collection: Annotated[
        Text | None,
        WithJsonSchema({"type": "string"}),
        Field(description="The collection to answer from; leave it out for the usual one."),
    ] = None
    filter: _Filter = None


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class SearchResult(_Result):
    """A passage that fits."""

    id: str = Field(description="What `fetch` takes.")
    title: str = Field(description="The document's title and the headings above the passage.")
    url: str = Field(description="Shows the passage in its place.")


class SearchResults(_Result):
    """The passages that fit best, best first."""

    results: tuple[SearchResult, ...]


class FetchedPassage(_Result):
    """A passage in its document."""

    id: str
    title: str
    text: str = Field(description="The document's, or as much of it around the passage as fits.")
    url: str = Field(description="Shows the passage in its place.")
    metadata: dict[str, str] = Field(
        description="`passage` is what the search found, `cut` says what was left out of `text`."
    )


class AnswerSource(_Result):
    """What a marker `[number]` in the answer points at."""

    number: int
    title: str
    url: str = Field(description="Shows the passage in its place.")
    quote: str = Field(description="The words that the answer rests on.")
    source: str = Field(description="Path or URL of the document.")
    page: int | None = Field(None, description="From 1; left out when the format has no pages.")
    start: int
    end: int = Field(description="`document_text[start:end] == quote`, in Unicode code points.")
    document_id: str
    chunk_id: str = Field(description="What `fetch` takes.")


class ToolAnswer(_Result):
    """An answer from the documents."""

    answer: str = Field(description="With its markers `[n]`.")
    sources: tuple[AnswerSource, ...] = Field(description="By number; empty when it cites none.")
    outcome: Outcome
    finish_reason: str = Field(description="`length` when the answer was cut.")
    nearest: tuple[SearchResult, ...] = Field(
        (), description="The closest passages, where the outcome is `insufficient`; try fetch."
    )


def view_results(passages: Iterable[PassageView]) -> SearchResults:
    """List passages, each under its own id."""
    results = [
        SearchResult(id=passage.chunk_id, title=_title(passage), url=passage.url)
        for passage in passages
    ]
    return SearchResults(results=tuple(results))


def view_fetched(source: SourceView, document: DocumentView, *, url: str) -> FetchedPassage:
    """Show a passage with what is around it, and say what was cut off."""
    first, last = find_window(document.text, source.start, source.end)
    length = len(document.text)
    ours = {
        "passage": source.text,
        "source": source.source,
        "collection": document.collection,
        "document_id": source.document_id,
        "start": str(source.start),
        "end": str(source.end),
    }
    if source.page is not None:
        ours["page"] = str(source.page)
    if last - first < length:
        ours["cut"] = (
            f"text is characters {first:,} to {last:,} of the document's {length:,}, around the "
            "passage; url shows the rest"
        )
    return FetchedPassage(
        id=source.chunk_id,
        title=_title(source),
        text=document.text[first:last],
        url=url,
        metadata={**source.metadata, **ours},
    )


def view_tool_answer(completed: Completed) -> ToolAnswer:
    """Put a completed run into one value; what is cited twice in the same words is there once."""
    sources = dict.fromkeys(map(_view_source, completed.citations))
    passages = {passage.number: passage for passage in completed.retrieved.passages}
    nearest = [passages[one.number] for one in completed.done.nearest]
    return ToolAnswer(
        answer=completed.text,
        sources=tuple(sorted(sources, key=lambda source: source.number)),
        outcome=completed.done.outcome,
        finish_reason=completed.done.finish_reason,
        nearest=view_results(nearest).results,
    )


def find_window(text: str, start: int, end: int) -> tuple[int, int]:
    """Where to cut a text so that `text[start:end]` stays, with about as much on both sides.

    The whole text when it fits; else the edges lie at line ends, where there are any near.
    """
    size = max(WINDOW_CHARACTERS, end - start)
    first = max(0, min((start + end - size) // 2, len(text) - size))
    last = min(len(text), first + size)
    if first > 0:
        first = text.find("\n", first - 1, min(start, first + _EDGE_CHARACTERS)) + 1 or first
    if last < len(text):
        last = text.rfind("\n", max(end, last - _EDGE_CHARACTERS), last) + 1 or last
    return first, last


def _view_source(citation: Citation) -> AnswerSource:
    return AnswerSource(
        number=citation.number,
        title=citation.title or citation.source,
        url=citation.url,
        quote=citation.quote,
        source=citation.source,
        page=citation.page,
        start=citation.start,
        end=citation.end,
        document_id=citation.document_id,
        chunk_id=citation.chunk_id,
    )


def _title(passage: PassageView | SourceView) -> str:
    return join_headings(passage.title, passage.heading_path) or passage.source
