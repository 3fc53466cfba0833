"""A fault that pydantic found in what somebody sent → a sentence that says what may stand there."""

from __future__ import annotations

from pydantic_core import ErrorDetails

_SHOWN_CHARACTERS = 60
_NO_OBJECT = frozenset(("dict_type", "model_type", "model_attributes_type"))


def say_fault(fault: ErrorDetails) -> str:
    """Say it without its place; names the value where it is a short one."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return "there is no such field: check its spelling"
    if kind == "union_tag_not_found":
        return f"must be an object with {context['discriminator']}"
    if kind == "union_tag_invalid":
        known = context["expected_tags"]
        return f"{context['discriminator']} must be one of {known}, not {context['tag']!r}"
    # The validator speaks of Python's types, and puts its own name before our words.
    said = fault["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
    if kind in _NO_OBJECT:
        said = "Input should be an object"
    given = _show(fault["input"]) if said.startswith("Input should be") else ""
    return f"{said}, not {given}" if given else said


def _show(value: object) -> str:
    """A value as JSON's writers know it; nothing where it is long."""
    if not isinstance(value, str | int | float | list | None):
        return ""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else ""
