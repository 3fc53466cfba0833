"""The parts of Vercel AI SDK's UI message stream that we send, field for field.

Its readers refuse a null, and older ones a member that they do not know: what is ours stands in
`providerMetadata`, `messageMetadata` and `data-citations`, where anything may.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rag_api.events import Citation, NearMiss, Outcome


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class StartPart(_Part):
    """A message begins."""

    type: Literal["start"] = "start"
    message_id: str = Field(description="The same on every replay of one answer.")


class StartStepPart(_Part):
    """Its only step begins."""

    type: Literal["start-step"] = "start-step"


class PassageDetails(BaseModel):
    """What a source is, beyond its title and URL; named as in `POST /v1/answers`."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1, description="What a marker `[n]` in the text refers to.")
    document_id: str
    chunk_id: str
    collection: str
    source: str
    page: int | None = Field(None, description="From 1; left out when the format has no pages.")
    heading_path: tuple[str, ...]
    start: int
    end: int
    snippet: str = Field(description="`document_text[start:end]`, in Unicode code points.")
    score: float
    lexical_score: float
    fused_score: float


class SourceMetadata(BaseModel):
    """Two levels, as the SDK wants it."""

    model_config = ConfigDict(frozen=True)

    rag: PassageDetails


class SourceUrlPart(_Part):
    """A passage that was put before the model; all of them come before the text, by number."""

    type: Literal["source-url"] = "source-url"
    source_id: str = Field(description="The passage's number.")
    url: str
    title: str
    provider_metadata: SourceMetadata


class TextStartPart(_Part):
    """The text begins."""

    type: Literal["text-start"] = "text-start"
    id: str


class TextDeltaPart(_Part):
    """The next piece of the text."""

    type: Literal["text-delta"] = "text-delta"
    id: str
    delta: str


class TextEndPart(_Part):
    """The text is complete, or broke off."""

    type: Literal["text-end"] = "text-end"
    id: str


class CitationsPart(_Part):
    """Where the text points at its sources, for each marker; `page` only where there is one."""

    type: Literal["data-citations"] = "data-citations"
    id: Literal["citations"] = "citations"
    data: tuple[Citation, ...]


class FinishStepPart(_Part):
    """The step is complete."""

    type: Literal["finish-step"] = "finish-step"


class UIUsage(_Part):
    """Tokens of the whole run."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class UIMetadata(_Part):
    """What becomes `message.metadata`."""

    usage: UIUsage
    model: str
    outcome: Outcome
    finish_reason: Literal["stop", "length", "content_filter"]
    nearest: tuple[NearMiss, ...] = Field(
        (), description="The closest passages, where the outcome is `insufficient`."
    )


class FinishPart(_Part):
    """The message is complete."""

    type: Literal["finish"] = "finish"
    message_metadata: UIMetadata


class AbortPart(_Part):
    """The answer was stopped on demand; its text so far stands."""

    type: Literal["abort"] = "abort"


class ErrorPart(_Part):
    """The answer cannot be completed; its text so far stands."""

    type: Literal["error"] = "error"
    error_text: str


UI_PARTS: tuple[type[BaseModel], ...] = (
    StartPart,
    StartStepPart,
    SourceUrlPart,
    TextStartPart,
    TextDeltaPart,
    TextEndPart,
    CitationsPart,
    FinishStepPart,
    FinishPart,
    AbortPart,
    ErrorPart,
)
"""In the order in which they come; `data: [DONE]` follows the last."""
