"""What OpenAI's Responses send: the objects and the events of a stream, field for field."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rag_api.wire.openai_objects import OpenAIFault

Status = Literal["in_progress", "completed", "incomplete", "failed", "cancelled"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class _Object(BaseModel):
    # Whatever has a default is sent too.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class UrlAnnotation(_Object):
    """A citation; OpenAI's clients read it from an event, Open WebUI from the finished item."""

    type: Literal["url_citation"] = "url_citation"
    url: str
    title: str
    start_index: int = Field(description="Of the marker in the answer, in Unicode code points.")
    end_index: int = Field(description="Half open; 0 and 0 when the answer does not cite it.")


class OutputText(_Object):
    """The answer's text."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[UrlAnnotation, ...] = ()
    logprobs: tuple[JsonValue, ...] = Field((), description="Always empty.")


class OutputMessage(_Object):
    """The only item of the output: the answer."""

    type: Literal["message"] = "message"
    id: str
    status: ItemStatus
    role: Literal["assistant"] = "assistant"
    content: tuple[OutputText, ...]


class InputDetails(_Object):
    """Of the tokens of the prompt."""

    cached_tokens: Literal[0] = 0
    cache_write_tokens: Literal[0] = 0


class OutputDetails(_Object):
    """Of the tokens of the answer."""

    reasoning_tokens: Literal[0] = 0


class ResponseUsage(_Object):
    """Tokens of the whole run."""

    input_tokens: int
    input_tokens_details: InputDetails = InputDetails()
    output_tokens: int
    output_tokens_details: OutputDetails = OutputDetails()
    total_tokens: int


class IncompleteDetails(_Object):
    """Why the answer ended early."""

    reason: Literal["max_output_tokens", "content_filter"]


class ResponseFault(_Object):
    """Why there is no answer."""

    code: Literal["server_error", "rate_limit_exceeded"]
    message: str
    type: str = Field(description="The error's name, as in our own protocol.")


class TextFormat(_Object):
    """How the answer is formatted."""

    type: Literal["text"] = "text"


class TextSettings(_Object):
    """OpenAI's settings of the text."""

    format: TextFormat = TextFormat()


class ResponseObject(_Object):
    """An answer; what stands here as a constant has no meaning for us, but clients want it."""

    id: str
    object: Literal["response"] = "response"
    created_at: int = Field(description="Seconds since 1970.")
    completed_at: int | None = None
    status: Status = "in_progress"
    incomplete_details: IncompleteDetails | None = None
    model: str = Field(description="As it was asked for.")
    previous_response_id: str | None = None
    instructions: str | None = Field(None, description="As they were sent; they have no effect.")
    output: tuple[OutputMessage, ...] = ()
    error: ResponseFault | None = None
    tools: tuple[JsonValue, ...] = ()
    tool_choice: Literal["none"] = "none"
    truncation: Literal["auto"] = "auto"
    parallel_tool_calls: Literal[False] = False
    text: TextSettings = TextSettings()
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    top_logprobs: Literal[0] = 0
    temperature: float = 1.0
    reasoning: None = None
    user: None = None
    usage: ResponseUsage | None = None
    max_output_tokens: int | None = None
    max_tool_calls: None = None
    store: bool = True
    background: Literal[False] = False
    service_tier: Literal["default"] = "default"
    metadata: dict[str, str] = Field(default_factory=dict, description="As it was sent.")
    safety_identifier: None = None
    prompt_cache_key: None = None


class ResponseEvent(_Object):
    """An event of a stream."""

    sequence_number: int = Field(description="Of the event in the stream, from 0.")
    type: str


class ResponseCreated(ResponseEvent):
    """The first event."""

    type: Literal["response.created"] = "response.created"
    response: ResponseObject


class ResponseInProgress(ResponseEvent):
    """The passages are found, the answer is being made."""

    type: Literal["response.in_progress"] = "response.in_progress"
    response: ResponseObject


class ItemAdded(ResponseEvent):
    """The answer begins."""

    type: Literal["response.output_item.added"] = "response.output_item.added"
    output_index: Literal[0] = 0
    item: OutputMessage


class PartAdded(ResponseEvent):
    """Its text begins."""

    type: Literal["response.content_part.added"] = "response.content_part.added"
    item_id: str
    output_index: Literal[0] = 0
    content_index: Literal[0] = 0
    part: OutputText


class TextDelta(ResponseEvent):
    """The next piece of the text."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    item_id: str
    output_index: Literal[0] = 0
    content_index: Literal[0] = 0
    delta: str
    logprobs: tuple[JsonValue, ...] = Field((), description="Always empty.")


class AnnotationAdded(ResponseEvent):
    """A citation; they come when the text is whole, in the order of their numbers."""

    type: Literal["response.output_text.annotation.added"] = "response.output_text.annotation.added"
    item_id: str
    output_index: Literal[0] = 0
    content_index: Literal[0] = 0
    annotation_index: int
    annotation: UrlAnnotation


class TextDone(ResponseEvent):
    """The text, whole."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    item_id: str
    output_index: Literal[0] = 0
    content_index: Literal[0] = 0
    text: str
    logprobs: tuple[JsonValue, ...] = Field((), description="Always empty.")


class PartDone(ResponseEvent):
    """The text with its citations."""

    type: Literal["response.content_part.done"] = "response.content_part.done"
    item_id: str
    output_index: Literal[0] = 0
    content_index: Literal[0] = 0
    part: OutputText


class ItemDone(ResponseEvent):
    """The answer, whole."""

    type: Literal["response.output_item.done"] = "response.output_item.done"
    output_index: Literal[0] = 0
    item: OutputMessage


class ResponseCompleted(ResponseEvent):
    """The answer is complete; the last event."""

    type: Literal["response.completed"] = "response.completed"
    response: ResponseObject


class ResponseIncomplete(ResponseEvent):
    """The model stopped before its end, as its limit or its filter says; the last event."""

    type: Literal["response.incomplete"] = "response.incomplete"
    response: ResponseObject


class ResponseFailed(ResponseEvent):
    """The answer broke off, or was cancelled; `error` follows and is the last event."""

    type: Literal["response.failed"] = "response.failed"
    response: ResponseObject


class ErrorEvent(ResponseEvent):
    """What went wrong: flat as it is documented, and nested as OpenAI's clients raise it."""

    type: Literal["error"] = "error"
    code: str | None
    message: str
    param: str | None = None
    error: OpenAIFault


RESPONSE_EVENTS = (
    ResponseCreated,
    ResponseInProgress,
    ItemAdded,
    PartAdded,
    TextDelta,
    AnnotationAdded,
    TextDone,
    PartDone,
    ItemDone,
    ResponseCompleted,
    ResponseIncomplete,
    ResponseFailed,
    ErrorEvent,
)
"""In the order in which they come."""
