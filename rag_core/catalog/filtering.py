"""Which live documents a filter allows, answered by SQL.

All that a user says is a parameter, also the names of metadata. Each condition is true or false,
never NULL, so that `ne`, `nin` and `not` are exact opposites: a document without the field passes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Text,
    and_,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from rag_core.catalog import tables
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.readings import bytewise, moment_in, moment_of, number_in, place_in
from rag_core.catalog.storable import among, among_numbers, storable
from rag_core.filter_values import FIELDS, METADATA, Moments, Operand, kind_of, read_operand
from rag_core.filters import Between, Condition, Exists, Junction, Leaf, Negation, OneOf, Part

_table = tables.documents
_COLUMNS = {name: _table.c["id" if name == "document_id" else name] for name in FIELDS}
_VALUE = literal_column("member.value", Text)
_DAY_CHARACTERS = 10

_Column = ColumnElement[Any]
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_OPPOSITES = {"ne": "eq", "nin": "in"}


async def find_allowed(
    catalog: Catalog, collection: Collection, condition: Condition
) -> dict[str, int]:
    """Find the live documents that a filter allows: how many chunks each has, by its id."""
    query = select(_table.c.id, _table.c.chunk_count).where(
        _table.c.collection_id == collection.id, tables.is_live, _translate(condition)
    )
    return {row[0]: row[1] for row in await catalog.rows(query, {})}


def _translate(condition: Condition) -> ColumnElement[bool]:
    if isinstance(condition, Junction):
        parts = [_translate(one) for one in condition.filters]
        return and_(*parts) if condition.type == "and" else or_(*parts)
    if isinstance(condition, Negation):
        return not_(_translate(condition.filter))
    found = _look_up(condition)
    return not_(found) if condition.type in _OPPOSITES else found


def _look_up(leaf: Leaf) -> ColumnElement[bool]:
    """Whether the document has the field, and its value is as the filter says."""
    if leaf.key.startswith(METADATA):
        members = exists().select_from(_Members(_table.c.metadata)).correlate(_table)
        return members.where(_is_named(leaf.key), _test(leaf, _VALUE))
    column = _COLUMNS[leaf.key]
    return and_(column.is_not(None), _test(leaf, column))


def _is_named(key: str) -> ColumnElement[bool]:
    return literal_column("member.key", Text) == storable(key.removeprefix(METADATA))


def _test(leaf: Leaf, column: _Column) -> ColumnElement[bool]:
    """Whether a value that is there is as the filter says."""
    if isinstance(leaf, Exists):
        return column.is_not(None)
    if isinstance(leaf, Part):
        return _test_part(leaf, column)
    if isinstance(leaf, OneOf):
        return _is_one_of(leaf, column)
    if isinstance(leaf, Between):
        low, high = (read_operand(leaf.key, value) for value in (leaf.low, leaf.high))
        read = _reading(leaf.key, low)(column)
        return and_(_compare(read, "gte", low), _compare(read, "lte", high))
    operand = read_operand(leaf.key, leaf.value)
    kind = _OPPOSITES.get(leaf.type, leaf.type)
    return _compare(_reading(leaf.key, operand)(column), kind, operand)


def _test_part(leaf: Part, column: _Column) -> ColumnElement[bool]:
    text = storable(leaf.value)
    if leaf.type == "starts_with":
        return func.substr(column, 1, len(text)) == literal(text, Text)
    return place_in(column, literal(text, Text)) > 0


def _reading(key: str, operand: Operand) -> Callable[[_Column], _Column]:
    """What of a field's column is compared with this operand."""
    if isinstance(operand, Moments):
        return moment_of if kind_of(key) == "date" else moment_in
    if isinstance(operand, str):
        return bytewise
    return (lambda column: column) if kind_of(key) == "number" else number_in


def _compare(read: _Column, kind: str, operand: Operand) -> ColumnElement[bool]:
    if not isinstance(operand, Moments):
        compared: ColumnElement[bool] = _COMPARE[kind](read, _parameter(operand))
        return compared
    low, high = (literal(_written(end), Text) for end in (operand.low, operand.high))
    if kind == "eq":
        return and_(read >= low, read < high)
    # After a day is from the next on; until a day is before the next.
    end = high if kind in ("gt", "lte") else low
    return read >= end if kind in ("gt", "gte") else read < end


def _is_one_of(leaf: OneOf, column: _Column) -> ColumnElement[bool]:
    """Compare with each kind of value by one list: 10,000 conditions are too many for SQLite."""
    operands = [read_operand(leaf.key, value) for value in leaf.value]
    texts = [one for one in operands if isinstance(one, str)]
    numbers = [one for one in operands if isinstance(one, float)]
    moments = [one for one in operands if isinstance(one, Moments)]
    tests = []
    if texts:
        tests.append(among(bytewise(column), texts))
    if numbers:
        tests.append(among_numbers(_reading(leaf.key, numbers[0])(column), numbers))
    if moments:
        tests += _among_moments(_reading(leaf.key, moments[0])(column), moments)
    return or_(false(), *tests)


def _among_moments(read: _Column, moments: Sequence[Moments]) -> list[ColumnElement[bool]]:
    days = [_written(one.low)[:_DAY_CHARACTERS] for one in moments if one.is_day]
    seconds = [_written(one.low) for one in moments if not one.is_day]
    return [among(func.substr(read, 1, _DAY_CHARACTERS), days), among(read, seconds)]


def _parameter(operand: str | float) -> _Column:
    return literal(storable(operand), Text) if isinstance(operand, str) else literal(operand, Float)


def _written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


class _Members(FunctionElement[str]):
    """What a document's metadata says, as rows of `key` and `value`."""

    inherit_cache = True
    name = "members"


@compiles(_Members, "sqlite")
def _members_in_sqlite(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each({compiler.process(element.clauses, **options)}) AS member"


@compiles(_Members, "postgresql")
def _members_in_postgres(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each_text({compiler.process(element.clauses, **options)}) AS member(key, value)"
