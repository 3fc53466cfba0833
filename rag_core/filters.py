"""What a search may find: conditions on documents, as JSON that is checked into typed values.

The shapes `{"type": "eq", "key": ..., "value": ...}` and `{"type": "and", "filters": [...]}` are
those of OpenAI's file search, whose types clients have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from rag_core.errors import InvalidRequestError
from rag_core.filter_values import Key, Text, Value, kind_of, read_operand
from rag_core.validation import say_fault

_COMPARISONS = ("eq", "ne", "gt", "gte", "lt", "lte")
_TYPES = frozenset(
    (*_COMPARISONS, "between", "in", "nin", "contains", "starts_with", "exists", "and", "or", "not")
)
"""Stand in the places that pydantic names, but not in what the user wrote."""
_MAX_DEPTH = 16
_MAX_CONDITIONS = 200
_MAX_VALUES = 10_000
_MAX_FAULTS = 3


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Equal(_Condition):
    """Documents whose field is this value, or is not, or that lack it."""

    type: Literal["eq", "ne"]
    key: Key
    value: Value

    @model_validator(mode="after")
    def _check(self) -> Equal:
        read_operand(self.key, self.value)
        return self


class Ordered(_Condition):
    """Documents whose field is above or below this value."""

    type: Literal["gt", "gte", "lt", "lte"]
    key: Key
    value: Value

    @model_validator(mode="after")
    def _check(self) -> Ordered:
        read_operand(self.key, self.value)
        return self


class Between(_Condition):
    """Documents whose field is `low`, `high` or between them."""

    type: Literal["between"]
    key: Key
    low: Value
    high: Value

    @model_validator(mode="after")
    def _check(self) -> Between:
        ends = [type(read_operand(self.key, value)) for value in (self.low, self.high)]
        if ends[0] is not ends[1]:
            raise ValueError("low and high must both be numbers, both dates or both texts")
        return self


class OneOf(_Condition):
    """Documents whose field is one of these values, or none of them, or that lack it."""

    type: Literal["in", "nin"]
    key: Key
    value: tuple[Value, ...] = Field(max_length=_MAX_VALUES)

    @model_validator(mode="after")
    def _check(self) -> OneOf:
        for value in self.value:
            read_operand(self.key, value)
        return self


class Part(_Condition):
    """Documents whose field holds this text, or begins with it; upper case is not lower case."""

    type: Literal["contains", "starts_with"]
    key: Key
    value: Text

    @model_validator(mode="after")
    def _check(self) -> Part:
        if kind_of(self.key) in ("number", "date"):
            raise ValueError(f"{self.key} is no text: use eq, gt, gte, lt, lte or between")
        return self


class Exists(_Condition):
    """Documents that have the field."""

    type: Literal["exists"]
    key: Key


def _check_any(filters: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if not filters:
        raise ValueError("must hold one filter at least")
    return filters


class Junction(_Condition):
    """Documents for which all of these hold, or at least one."""

    type: Literal["and", "or"]
    filters: Annotated[
        tuple[Condition, ...],
        # Not `min_length`: pydantic holds it against the filters that are right.
        AfterValidator(_check_any),
        Field(max_length=_MAX_CONDITIONS, json_schema_extra={"minItems": 1}),
    ]


class Negation(_Condition):
    """Documents for which this does not hold."""

    type: Literal["not"]
    filter: Condition


Leaf = Equal | Ordered | Between | OneOf | Part | Exists
Condition = Annotated[Leaf | Junction | Negation, Field(discriminator="type")]


def _check_size(given: object) -> object:
    """Refuse what is nested too deep or too long, before anything recursive reads it."""
    level = _mappings([given])
    conditions = values = 0
    for _ in range(_MAX_DEPTH):
        conditions += len(level)
        values += sum(map(_count_values, level))
        if conditions > _MAX_CONDITIONS:
            raise ValueError(f"holds more than {_MAX_CONDITIONS} conditions")
        if values > _MAX_VALUES:
            raise ValueError(f"holds more than {_MAX_VALUES:,} values")
        level = _mappings([inner for one in level for inner in _inner(one)])
        if not level:
            return given
    raise ValueError(f"is nested more than {_MAX_DEPTH} deep")


def _mappings(given: Iterable[object]) -> list[Mapping[str, object]]:
    return [one for one in given if isinstance(one, dict)]


def _inner(given: Mapping[str, object]) -> list[object]:
    filters = given.get("filters")
    return [*(filters if isinstance(filters, list | tuple) else []), given.get("filter")]


def _count_values(given: Mapping[str, object]) -> int:
    values = given.get("value")
    return len(values) if isinstance(values, list | tuple) else 1


Filter = Annotated[Condition, BeforeValidator(_check_size)]
"""What a request carries."""

_FILTER: TypeAdapter[Condition] = TypeAdapter(Filter)


def read_filter(given: object) -> Condition:
    """Check what JSON holds.

    Raises:
        InvalidRequestError: it is no filter; the text names each place and its fault.
    """
    try:
        return _FILTER.validate_python(given)
    except ValidationError as error:
        raise InvalidRequestError("; ".join(map(_tell, error.errors()[:_MAX_FAULTS]))) from error


def _tell(fault: ErrorDetails) -> str:
    place = ".".join(map(str, drop_types(fault["loc"])))
    text = say_fault(fault)
    return f"filter.{place}: {text}" if place else f"filter: {text}"


def drop_types(location: Iterable[int | str]) -> list[int | str]:
    """The steps to a fault in a filter as they stand in what the user wrote."""
    return [step for step in location if step not in _TYPES]


def keys_of(condition: Condition) -> set[str]:
    """Name the fields that a filter looks at."""
    if isinstance(condition, Junction):
        return set().union(*map(keys_of, condition.filters))
    return keys_of(condition.filter) if isinstance(condition, Negation) else {condition.key}
