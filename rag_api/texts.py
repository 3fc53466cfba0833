"""The texts that requests carry: what they may hold, and how JSON in a URL is read."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import from_json

from rag_core.unicode import check_unicode

_MAX_NAME_CHARACTERS = 255


Text = Annotated[str, AfterValidator(check_unicode)]
Name = Annotated[
    Annotated[str, Field(min_length=1, max_length=_MAX_NAME_CHARACTERS)],
    AfterValidator(check_unicode),
]
"""Of a collection."""


def read_json(given: object) -> object:
    """Read a text as JSON; anything else passes as it is."""
    if not isinstance(given, str):
        return given
    try:
        return from_json(given)
    except ValueError as error:
        raise ValueError(f"must be JSON: {error}") from error
