"""The fields that a filter may name, and what their values are compared with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from rag_core.unicode import check_unicode

Kind = Literal["text", "number", "date", "any"]

FIELDS: dict[str, Kind] = {
    "source": "text",
    "title": "text",
    "media_type": "text",
    "language": "text",
    "document_id": "text",
    "created_at": "date",
    "size_bytes": "number",
}
METADATA = "metadata."
"""Begins the names of what users say of their documents; any kind of value."""

_SHOWN_DATES = '"2026-05-01" or "2026-05-01T13:30:00Z"'
_MAX_CHARACTERS = 1000
_MAX_NUMBER = 10**15
"""Up to here a double holds every whole number."""

# What SQL reads as a date, too: rag_core.catalog.readings.
_DATE = re.compile(
    r"[12]\d{3}-\d\d-\d\d"
    r"(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?",
    re.ASCII,
)


_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moments:
    """A day or a second, in UTC: all moments from `low` up to `high`, without it."""

    low: datetime
    high: datetime

    @property
    def is_day(self) -> bool:
        """Whether these are the moments of a day."""
        return self.high - self.low == _DAY


Operand = str | float | Moments
"""What is compared with: a text, a number or a date."""


def read_date(text: str) -> Moments | None:
    """Read a day, or a moment to the second, UTC when no zone is said; None for no such date."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text))
    except ValueError:  # the 31st of February
        return None
    low = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Moments(low, low + (_SECOND if found["time"] else _DAY))


def kind_of(key: str) -> Kind:
    """Tell what a field's values are; `any` for metadata."""
    return FIELDS.get(key, "any")


def read_operand(key: str, value: Value) -> Operand:
    """Read a value as what the field is compared with.

    Raises:
        ValueError: it is of the wrong kind for the field.
    """
    kind = kind_of(key)
    if isinstance(value, str):
        return _read_text(key, kind, value)
    if kind == "text":
        raise ValueError(f"{key} is a text: write {json.dumps(str(value))}, in quotes")
    if kind == "date":
        raise ValueError(f"{key} is a date: write {_SHOWN_DATES}")
    return float(value)


def _read_text(key: str, kind: Kind, value: str) -> str | Moments:
    if kind == "number":
        raise ValueError(f"{key} is a number: write it without quotes, not {value!r}")
    date = None if kind == "text" else read_date(value)
    if kind == "date" and date is None:
        raise ValueError(f"{value!r} is no date: write {_SHOWN_DATES}")
    return value if date is None else date


def _check_key(key: str) -> str:
    if key in FIELDS or key.removeprefix(METADATA) not in ("", key):
        return check_unicode(key)
    known = ", ".join(FIELDS)
    raise ValueError(
        f"there is no field {key!r}; there are {known}, and {METADATA}NAME for what you said of "
        f"your documents, such as {METADATA}{key.removeprefix(METADATA) or 'year'}"
    )


def _read_value(value: object) -> object:
    """Take a truth value as the text that metadata has of it, and refuse what cannot be compared.

    In one sentence: each kind of value would else complain for itself.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _check_length(check_unicode(value))
    if not isinstance(value, int | float):
        raise ValueError("must be a text, a number, true or false")  # noqa: TRY004 - pydantic's
    if not abs(value) < _MAX_NUMBER:
        raise ValueError("a number has at most 15 digits: write a longer one as a text, in quotes")
    return value


def _check_length(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"has {len(text):,} characters, the limit is {_MAX_CHARACTERS:,}")
    return text


Text = Annotated[str, AfterValidator(check_unicode), Field(max_length=_MAX_CHARACTERS)]
Value: TypeAlias = Annotated[
    StrictStr | StrictInt | StrictFloat | StrictBool, BeforeValidator(_read_value)
]
Key = Annotated[
    str,
    Field(
        max_length=_MAX_CHARACTERS,
        description=f"One of {', '.join(f'`{name}`' for name in FIELDS)}, or `metadata.NAME`.",
        json_schema_extra={"pattern": rf"^({'|'.join(FIELDS)})$|^metadata\.."},
    ),
    AfterValidator(_check_key),
]
