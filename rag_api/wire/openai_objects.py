"""What OpenAI's Chat Completions send: the objects, field for field, and our additions to them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_api.wire.open_webui import SourceEvent


class _Object(BaseModel):
    # Whatever has a default is sent all the same, and the OpenAPI document says so.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class _Chunk(BaseModel):
    # Only what was set is sent.
    model_config = ConfigDict(frozen=True)


class UrlCitation(_Object):
    """Where a part of the answer comes from."""

    url: str
    title: str
    start_index: int = Field(description="Of the marker in the answer, in Unicode code points.")
    end_index: int = Field(description="Half open; 0 and 0 when the answer does not cite it.")


class Annotation(_Object):
    """A citation, as OpenAI's clients expect it."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class SearchResult(_Object):
    """A passage, as Perplexity's clients expect it."""

    title: str
    url: str
    snippet: str


class ChatUsage(_Object):
    """Tokens of the whole run."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatDelta(_Chunk):
    """What a chunk adds to the message; fields that add nothing are left out."""

    role: Literal["assistant"] = "assistant"
    content: str = ""
    annotations: tuple[Annotation, ...] = ()


class ChunkChoice(_Object):
    """The only choice of a chunk."""

    index: Literal[0]
    delta: ChatDelta
    logprobs: None
    finish_reason: Literal["stop", "length", "content_filter"] | None


class ChatChunk(_Chunk):
    """One `chat.completion.chunk`; the finishing one carries the citations."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: tuple[ChunkChoice, ...]
    citations: tuple[str, ...] = Field((), description="URLs by number, on the finishing chunk.")
    search_results: tuple[SearchResult, ...] = ()
    event: SourceEvent | None = Field(None, description="Only of the model `rag-openwebui`.")
    usage: ChatUsage | None = None


class ChatMessage(_Object):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: tuple[Annotation, ...]


class ChatChoice(_Object):
    """The only choice."""

    index: Literal[0] = 0
    message: ChatMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length", "content_filter"]


class ChatCompletion(_Object):
    """The answer to an unstreamed request."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: tuple[ChatChoice, ...]
    usage: ChatUsage
    citations: tuple[str, ...]
    search_results: tuple[SearchResult, ...]


CHAT_MODEL_OWNER = "chat-model"
"""Stands as `owned_by` of a model that may be chosen; of the names that are ours, `rag` does."""


class Model(_Object):
    """A name that the chat completions take as `model`."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Seconds since 1970.")
    owned_by: str


class ModelList(_Object):
    """All of them."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]


class OpenAIFault(_Object):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None


class OpenAIError(_Object):
    """OpenAI's shape of an error."""

    error: OpenAIFault
