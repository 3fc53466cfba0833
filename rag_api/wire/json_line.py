"""Text and models as JSON on one line, for every reader's idea of a line."""

from __future__ import annotations

import orjson
from pydantic import BaseModel

from rag_core.unicode import make_well_formed

# JSON leaves these unescaped, and clients that cut with str.splitlines() end a line at them.
_LINE_ENDS = (
    (b"\xc2\x85", b"\\u0085"),
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
)


def quote_text(text: str) -> bytes:
    """Write a text as a JSON string; what is no valid Unicode becomes `?`."""
    try:
        quoted = orjson.dumps(text)
    except orjson.JSONEncodeError:
        quoted = orjson.dumps(make_well_formed(text))
    return quoted if quoted.isascii() else _escape_line_ends(quoted)


def dump_model(model: BaseModel, *, only_set: bool = False, without_null: bool = False) -> bytes:
    """Write a model as a JSON object.

    `only_set` leaves out the fields that were not given, `without_null` those that are None.
    """
    dumped = model.model_dump_json(exclude_unset=only_set, exclude_none=without_null).encode()
    return dumped if dumped.isascii() else _escape_line_ends(dumped)


def _escape_line_ends(line: bytes) -> bytes:
    for line_end, escaped in _LINE_ENDS:
        line = line.replace(line_end, escaped)
    return line
