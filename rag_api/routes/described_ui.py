"""What the OpenAPI document says of the streams that frontends in a browser read."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from rag_api.routes.described import MEANINGS, Responses, Schema, describe_data
from rag_api.wire.ui_objects import UI_PARTS, ErrorPart

_CHAT_EXAMPLE = """\
data: {"type":"start","messageId":"msg_5f0c2a9be1d34c775f0c2a9b"}

data: {"type":"start-step"}

data: {"type":"source-url","sourceId":"1","url":"http://…","title":"…","providerMetadata":{…}}

data: {"type":"text-start","id":"text"}

data: {"type":"text-delta","id":"text","delta":"Nothing is embedded twice [1]"}

data: {"type":"text-end","id":"text"}

data: {"type":"data-citations","id":"citations","data":[{"number":1,…}]}

data: {"type":"finish-step"}

data: {"type":"finish","messageMetadata":{"usage":{…},…}}

data: [DONE]

"""
_ASK_EXAMPLE = """\
retry: 1000
id: 5f0c2a9be1d34c775f0c2a9b:1
data: {"type":"start","messageId":"msg_5f0c2a9be1d34c775f0c2a9b"}

id: 5f0c2a9be1d34c775f0c2a9b:2
data: {"type":"start-step"}

id: 5f0c2a9be1d34c775f0c2a9b:3
data: [DONE]

"""
_ID: Schema = {"type": "string", "description": "`<run>:<place, from 1>`"}

NOTHING_LEFT: Responses = {204: {"description": "There is nothing (more) to read."}}


def text_errors(*statuses: int) -> Responses:
    """The errors of a route for the AI SDK, which shows the body as it is."""
    schema = {"type": "string", "description": "What went wrong, in plain words."}
    return {
        status: {"description": MEANINGS[status], "content": {"text/plain": {"schema": schema}}}
        for status in statuses
    }


def stream_errors(*statuses: int) -> Responses:
    """The errors of a route for readers of event streams: a stream of one `error`."""
    content = _stream([ErrorPart], {})
    return {status: {"description": MEANINGS[status], "content": content} for status in statuses}


def _stream(parts: Iterable[type[BaseModel]], fields: Schema) -> Schema:
    """Unnamed events that carry one of these parts each, besides these fields; then the end."""
    carried = [*map(describe_data, parts), {"type": "string", "const": "[DONE]"}]
    items = [
        {
            "type": "object",
            "required": [*fields, "data"],
            "properties": {**fields, "data": data},
        }
        for data in carried
    ]
    # Without a `schema`, which would be that of the whole stream.
    return {"text/event-stream": {"itemSchema": {"anyOf": items}}}


def _answer(fields: Schema, example: str) -> Responses:
    content = _stream(UI_PARTS, fields)
    content["text/event-stream"]["example"] = example
    description = "The parts of one answer, as server-sent events; `data: [DONE]` is the last."
    return {200: {"description": description, "content": content}}


CHAT_STREAM = _answer({}, _CHAT_EXAMPLE)
ASK_STREAM = _answer({"id": _ID}, _ASK_EXAMPLE)
