"""What the OpenAPI document says beyond the types: errors of each route, events of each stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from rag_api.events import Cited, Delta, Done, Event, Failed, Gap, Restarted, Retrieved
from rag_api.job_views import JOB_EVENTS, UrlUpload
from rag_api.requests import ErrorBody
from rag_api.wire.openai_objects import ChatChunk, OpenAIError
from rag_api.wire.responses_objects import RESPONSE_EVENTS
from rag_api.wire.ui_objects import UI_PARTS

Responses: TypeAlias = dict[int | str, dict[str, Any]]
Schema: TypeAlias = dict[str, Any]

EVENT_MODELS: tuple[type[BaseModel], ...] = (
    Retrieved,
    Delta,
    Cited,
    Restarted,
    Gap,
    Done,
    Failed,
)
NATIVE_EXAMPLE = """\
retry: 1000
event: retrieved
id: 5f0c2a9be1d34c77:1
data: {"type":"retrieved","question":"…","query":"…","collection":"default","passages":[…]}

event: delta
id: 5f0c2a9be1d34c77:2
data: {"type":"delta","text":"Nothing is embedded twice [1]"}

event: cited
id: 5f0c2a9be1d34c77:3
data: {"type":"cited","citation":{"number":1,…}}

event: done
id: 5f0c2a9be1d34c77:4
data: {"type":"done","outcome":"answered","finish_reason":"stop","model":"…",…}

"""
_REF = "#/components/schemas/{model}"

MEANINGS = {
    400: "The request cannot be; the detail says why.",
    401: "The key is missing or wrong.",
    404: "No such thing; the detail says what there is.",
    409: "The file is another one now than that which the document was read from.",
    410: "The file that the document was read from is not there any more.",
    413: "The body or the question is over its limit.",
    422: "A field is missing, unknown or of the wrong type; the detail names it.",
    429: "The chat model's server asks us to slow down; see `Retry-After`.",
    500: "Something that nobody foresaw; it is in the server's log.",
    502: "The server of the chat or embedding model refuses our request.",
    503: "A part does not answer; try again after `Retry-After` seconds.",
}


def native_errors(*statuses: int) -> Responses:
    """The errors of a native route, in our shape."""
    return {status: _error(status, ErrorBody) for status in statuses}


def openai_errors(*statuses: int) -> Responses:
    """The errors of an OpenAI route, in OpenAI's shape."""
    described: Responses = {status: _error(status, OpenAIError) for status in statuses}
    # Without this the framework promises a 422 in its own shape.
    return {**described, "4XX": {"model": OpenAIError, "description": "Any other refusal."}}


def event_stream(
    models: Iterable[type[BaseModel]], *, named: bool, example: str, has_ids: bool = True
) -> Responses:
    """A stream of server-sent events, besides the JSON answer of the same route."""
    items = [_item(model, named=named, has_ids=has_ids) for model in models]
    # No `schema` beside it: that would be the schema of all events together, as an array.
    content = {"itemSchema": {"oneOf": items}, "example": example}
    described = "Events when `stream` is true, else one JSON object."
    return {200: {"description": described, "content": {"text/event-stream": content}}}


def component_schemas() -> Mapping[str, Schema]:
    """The schemas of what only streams carry."""
    carried = (*EVENT_MODELS, *JOB_EVENTS, *RESPONSE_EVENTS, ChatChunk, OpenAIError, *UI_PARTS)
    models = [(model, "serialization") for model in carried]
    models.append((UrlUpload, "validation"))  # a body beside files, which the framework cannot say
    _, definitions = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    event = TypeAdapter(Event).json_schema(ref_template=_REF, mode="serialization")
    schemas: dict[str, Schema] = definitions["$defs"]
    schemas["Event"] = {key: value for key, value in event.items() if key != "$defs"}
    return schemas


def _error(status: int, model: type[BaseModel]) -> dict[str, Any]:
    return {"model": model, "description": MEANINGS[status]}


def describe_data(model: type[BaseModel]) -> Schema:
    """The field `data` of an event that carries this model."""
    return {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": _REF.format(model=model.__name__)},
    }


def _item(model: type[BaseModel], *, named: bool, has_ids: bool) -> Schema:
    data = describe_data(model)
    if not named:
        return {"type": "object", "required": ["data"], "properties": {"data": data}}
    properties = {"event": {"type": "string", "const": model.model_fields["type"].default}}
    if has_ids:
        properties["id"] = {"type": "string", "description": "`<run>:<place, from 1>`"}
    properties["data"] = data
    return {"type": "object", "required": list(properties), "properties": properties}
