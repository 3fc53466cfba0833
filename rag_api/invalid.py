"""A request that does not fit what a route takes → the failure that its sender is told."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.exceptions import RequestValidationError

from rag_api.wire.failure import Failure
from rag_core.filters import drop_types
from rag_core.validation import say_fault

BROKEN_JSON = "the body is not valid JSON"
_NO_OBJECT = "the body must be a JSON object, sent with 'content-type: application/json'"


def describe_invalid(error: RequestValidationError) -> Failure:
    """Say of each field what may stand there."""
    faults = error.errors()
    if faults[0]["type"] == "json_invalid":
        detail = f"{BROKEN_JSON}: {faults[0]['ctx']['error']} at character {faults[0]['loc'][-1]}"
        return Failure(400, "InvalidRequestError", detail)
    fields = [_name_field(fault["loc"]) for fault in faults]
    detail = "; ".join(
        f"{field}: {say_fault(fault)}" if field else _NO_OBJECT
        for field, fault in zip(fields, faults, strict=True)
    )
    return Failure(422, "InvalidRequestError", detail, parameter=fields[0] or None)


def _name_field(location: Sequence[int | str]) -> str:
    """The field without what comes first: body, query or path."""
    steps = list(location[1:])
    if "filter" in steps:
        start = steps.index("filter")
        steps[start:] = drop_types(steps[start:])
    return ".".join(map(str, steps))
