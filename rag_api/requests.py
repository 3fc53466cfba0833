"""What callers send and get, apart from the events: each request and its JSON answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from rag_api.events import PassageView, Timings
from rag_api.retrieval_options import AS_USUAL, Retrieval, RetrievalText
from rag_api.texts import Name, Text
from rag_core.query import Empty

MAX_QUESTION_CHARACTERS = 32_000
MAX_PASSAGES = 50
DEFAULT_PASSAGES = 8


def _check_not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


def read_whole_number(value: object) -> object:
    """Read 8.0 as 8, since JSON knows one kind of number; a text or a truth value is neither."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Question = Annotated[
    Text,
    AfterValidator(_check_not_blank),
    # The length is checked by rag_api.routes.retrieval, for a status of its own. The pattern is
    # what Python takes for white space, too.
    Field(
        json_schema_extra={
            "minLength": 1,
            "maxLength": MAX_QUESTION_CHARACTERS,
            "pattern": r"[^\s\u001c-\u001f\u0085]",
        }
    ),
]
TopK = Annotated[
    int,
    Field(strict=True, ge=1, le=MAX_PASSAGES, description="How many passages at most."),
    BeforeValidator(read_whole_number),
]
CollectionName = Annotated[Name | None, Field(description="RAG_COLLECTION when left out.")]


class _Request(BaseModel):
    # A misspelt field would else be ignored in silence.
    model_config = ConfigDict(frozen=True, extra="forbid")


class HistoryTurn(_Request):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: Text


class AnswerRequest(_Request):
    """A question, and how it is to be answered."""

    question: Question
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL
    history: tuple[HistoryTurn, ...] = Field((), description="Earlier turns, oldest first.")
    stream: bool = Field(
        default=True, strict=True, description="Events as they come, or one JSON object at the end."
    )
    top_k: TopK = DEFAULT_PASSAGES
    model: Text | None = Field(None, description="As in `GET /v1/models`; may be left out.")
    on_disconnect: Literal["cancel", "detach"] | None = Field(
        None,
        description="What happens when you leave before the end: the answer is cancelled at once, "
        "or goes on for a minute, in which you may come back to it with `Last-Event-ID`. "
        "`detach` for streams and `cancel` for JSON, when left out.",
    )


class SearchRequest(_Request):
    """What to search."""

    query: Question
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL
    top_k: TopK = DEFAULT_PASSAGES


class AskRequest(_Request):
    """A question for `/api/ask`, whose name is short because it stands in URLs."""

    q: Question
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL
    top_k: TopK = DEFAULT_PASSAGES
    model: Text | None = Field(None, description="As in `GET /v1/models`; may be left out.")


class _Tolerant(BaseModel):
    # Frontends send tools, metadata, options and more: all of it is ignored.
    model_config = ConfigDict(frozen=True, extra="ignore")


class AskQuery(_Tolerant):
    """The same in a URL, to which clients add things of their own."""

    q: Annotated[Question, Field(description="The question.")]
    collection: CollectionName = None
    retrieval: RetrievalText = AS_USUAL
    top_k: int = Field(
        DEFAULT_PASSAGES, ge=1, le=MAX_PASSAGES, description="How many passages at most."
    )
    model: Text | None = Field(None, description="As in `GET /v1/models`; may be left out.")


class ChatRequestMessage(_Tolerant):
    """A message, from any role; parts other than text are ignored."""

    role: str
    content: JsonValue = Field(None, description="A text, a list of parts, or null.")


class StreamOptions(_Tolerant):
    """How to stream."""

    include_usage: bool | None = None


class ChatRequest(_Tolerant):
    """OpenAI's Chat Completions request; `collection` and `retrieval` are ours."""

    model: Text
    messages: tuple[ChatRequestMessage, ...]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL


class UIMessage(_Tolerant):
    """A message of AI SDK UI; parts other than text are ignored."""

    role: str
    parts: JsonValue = Field(None, description="A list of parts.")


class UIChatRequest(_Tolerant):
    """What AI SDK's `DefaultChatTransport` posts; the last three are ours, by its option `body`."""

    id: Annotated[Text, Field(max_length=1000)] | None = Field(
        None, description="Of the chat; what a cut answer is found by."
    )
    messages: tuple[UIMessage, ...]
    trigger: str | None = Field(None, description="`submit-message` or `regenerate-message`.")
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL
    top_k: TopK = DEFAULT_PASSAGES
    model: Text | None = Field(None, description="As in `GET /v1/models`; may be left out.")


class _Answer(BaseModel):
    # Whatever has a default is sent all the same, and the OpenAPI document says so.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class RunView(_Answer):
    """What became of an answer's run."""

    id: str
    status: Literal["running", "ended"]


class StreamToken(_Answer):
    """What a URL may carry in place of the key, for some minutes."""

    token: str = Field(description="For `GET /api/ask?token=…`.")
    expires_at: datetime


class SearchAnswer(_Answer):
    """The passages that fit a query, best first."""

    query: str
    collection: str = Field(description="The first one, where several were searched.")
    collections: dict[str, float] = Field(
        description="All that were searched, each with its weight."
    )
    queries: tuple[str, ...] = Field(
        description="All that was searched together: the query, and the same in other words."
    )
    empty: Empty | None = Field(description="Why there are no passages, where that is known.")
    warnings: tuple[str, ...] = Field((), description="What was left undone, one sentence each.")
    passages: tuple[PassageView, ...]
    reranked_by: str | None = Field(
        None, description="The model that ordered them; null: the order is the search's."
    )
    timings: Timings = Field(Timings(), description="How long it took.")


class CollectionView(_Answer):
    """A collection and how much is in it."""

    name: str
    documents: int
    chunks: int
    tokens: int
    fingerprint: str = Field(description="Of the embedding model that its vectors are made by.")
    created_at: datetime


class CollectionList(_Answer):
    """All collections, by name."""

    collections: tuple[CollectionView, ...]


class DocumentView(_Answer):
    """A document, with the text that all offsets count in."""

    id: str = Field(description="Of this version: a changed document has a new one.")
    collection: str
    source: str
    title: str
    media_type: str
    size_bytes: int
    chunks: int
    tokens: int
    metadata: dict[str, str]
    content_hash: str = Field(description="SHA-256 of the file, in hexadecimal digits.")
    created_at: datetime
    language: str = Field(description="ISO 639-1; empty when it could not be told.")
    text: str
    page_starts: tuple[int, ...] = Field(description="Empty when the format has no pages.")


class SourceView(_Answer):
    """A passage in its place."""

    chunk_id: str
    document_id: str
    source: str
    title: str
    page: int | None
    heading_path: tuple[str, ...]
    start: int
    end: int = Field(description="`document_text[start:end] == text`, in Unicode code points.")
    text: str
    metadata: dict[str, str]


class PartHealth(_Answer):
    """Whether a part answers."""

    ok: bool
    detail: str | None = Field(None, description="What is wrong.")
    milliseconds: float


class Readiness(_Answer):
    """Whether questions can be answered now; a part by its name."""

    ready: bool
    parts: dict[str, PartHealth]


class Health(_Answer):
    """The process runs."""

    status: Literal["ok"] = "ok"


class ErrorBody(_Answer):
    """What went wrong."""

    error: str = Field(description="The error's name.", examples=["CollectionNotFoundError"])
    detail: str
