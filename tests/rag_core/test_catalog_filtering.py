"""Filters as SQL, in both databases, against a plain reading of them in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.filtering import find_allowed
from rag_core.catalog.storable import storable
from rag_core.filter_values import Moments, Operand, read_date, read_operand
from rag_core.filters import (
    Between,
    Condition,
    Exists,
    Junction,
    Leaf,
    Negation,
    OneOf,
    Part,
    read_filter,
)
from tests.rag_core.catalog_support import make_collection, make_document


@dataclass(frozen=True)
class Stored:
    """What a filter can ask of a document."""

    fields: Mapping[str, str | float | datetime]

    def passes(self, condition: Condition) -> bool:
        if isinstance(condition, Junction):
            results = [self.passes(one) for one in condition.filters]
            return all(results) if condition.type == "and" else any(results)
        if isinstance(condition, Negation):
            return not self.passes(condition.filter)
        key = storable(condition.key)
        if key not in self.fields:
            return condition.type in ("ne", "nin")
        return fits(condition, self.fields[key])


def fits(leaf: Leaf, value: str | float | datetime) -> bool:
    if isinstance(leaf, Exists):
        return True
    if isinstance(leaf, Part):
        assert isinstance(value, str)
        wanted = storable(leaf.value)
        return value.startswith(wanted) if leaf.type == "starts_with" else wanted in value
    if isinstance(leaf, Between):
        low, high = (read_operand(leaf.key, end) for end in (leaf.low, leaf.high))
        return compare("gte", value, low) and compare("lte", value, high)
    values = leaf.value if isinstance(leaf, OneOf) else [leaf.value]
    operands = [read_operand(leaf.key, one) for one in values]
    kind = {"ne": "eq", "nin": "eq", "in": "eq"}.get(leaf.type, leaf.type)
    found = any(compare(kind, value, operand) for operand in operands)
    return found != (leaf.type in ("ne", "nin"))


def compare(kind: str, value: str | float | datetime, operand: Operand) -> bool:
    read: object = value
    if isinstance(operand, Moments):
        if isinstance(value, str):
            date = read_date(value)
            read = date and date.low
        if not isinstance(read, datetime):
            return False
        now = read.replace(microsecond=0)
        return {
            "eq": operand.low <= now < operand.high,
            "gt": now >= operand.high,
            "gte": now >= operand.low,
            "lt": now < operand.low,
            "lte": now < operand.high,
        }[kind]
    if isinstance(operand, float) and isinstance(value, str):
        number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
        if not number or len(value) > 17:
            return False
        read = float(value)
    if isinstance(operand, str):
        operand = storable(operand)
    left, right = (read, operand)
    return bool(
        {
            "eq": lambda: left == right,
            "gt": lambda: left > right,
            "gte": lambda: left >= right,
            "lt": lambda: left < right,
            "lte": lambda: left <= right,
        }[kind]()
    )


ODD = [
    "", "a", "A", "b", "ab", "100%", "_", "%", "a_b", "'", '"', "\\", "\x00", "ü", "𝄞",
    "x' OR '1'='1", "1", "01", "1.0", "1.50", "-1", "-0", "10", "9", "1e3", "+1", " 1", "1 ",
    ".5", "5.", "1.2.3", "--1", "0.1", "0.30000000000001", "12345678901234567",
    "123456789012345678", "\u0661", "true", "false", "null", "-", ".", "1-2", "NaN", "Infinity",
    "0x10", "1\n", "2024-05-01", "2024-02-29", "2023-02-29", "2024-02-30", "2024-04-31",
    "2024-13-01", "2024-00-10", "2000-02-29", "1900-02-29", "0999-01-01", "3000-01-01",
    "2999-12-31", "1000-01-01T00:00+14:00", "2024-05-01Z", "2024-05-01T", "2024-05-01T10",
    "2024-05-01T10:00", "2024-05-01 10:00", "2024-05-01t10:00", "2024-05-01T10:00:00",
    "2024-05-01T10:00:60", "2024-05-01T24:00", "2024-05-01T23:59:59.999999",
    "2024-05-01T10:00:00.", "2024-05-01T10:00:00.5x", "2024-05-01T10:00:00.12a4",
    "2024-05-01T10:00:00.123456+02:00", "2024-05-01T10:00+02:00", "2024-05-01T23:30-05:00",
    "2024-05-01T10:00:00Z", "2024-05-01T10:00:00z", "2024-05-01T10:00:00 Z",
    "2024-05-01T10:00 +02:00", "2024-05-01T10:00+15:00", "2024-05-01T10:00+14:59",
    "2024-05-01T10:00+02", "2024-05-01T10:00+0200", "2024-05-01-10:00", "2024-05-01  10:00",
    "2024-05-01TT10:00", " 2024-05-01", "2024-05-01 ", "2024-05-01\n", "now",
    "2024-05-01T10:00:00..5", "2024-05-01T10:00:00.5Z", "2024-05-01T10:00.5",
    "2024-05-01T10:00:00.5.5", "2024-05-01T10:00Z\n", "20240501", "2024-5-1",
]  # fmt: skip


@dataclass(frozen=True)
class Filled:
    catalog: Catalog
    collection: Collection
    stored: Mapping[str, Stored]

    async def agrees(self, given: object) -> None:
        """Ask SQL and Python the same."""
        condition = read_filter(given)

        allowed = await find_allowed(self.catalog, self.collection, condition)

        expected = {one for one, held in self.stored.items() if held.passes(condition)}
        wrong = [
            self.stored[one].fields["source"] for one in expected.symmetric_difference(allowed)
        ]
        assert not wrong


@pytest.fixture
async def filled(catalog: Catalog) -> Filled:
    """One document for each odd text, in its metadata, title and source."""
    collection = await make_collection(catalog)
    staged = []
    for number, text in enumerate(ODD):
        one = make_document(f"/{text}", "some text", metadata={"odd": text, text: "there"})
        document = replace(one.document, title=text[::-1])
        staged.append(replace(one, document=document, size_bytes=number))
    await documents.stage_documents(catalog, collection, staged)
    await documents.publish_documents(catalog, collection, [one.id for one in staged])
    summaries = await documents.list_documents(catalog, collection, limit=1000)
    return Filled(catalog, collection, {one.id: _stored(one) for one in summaries})


def _stored(one: documents.DocumentSummary) -> Stored:
    metadata = {f"metadata.{name}": value for name, value in one.metadata.items()}
    fields = ("source", "title", "media_type", "language", "size_bytes", "created_at")
    return Stored(
        {"document_id": one.id, **metadata, **{name: getattr(one, name) for name in fields}}
    )


async def test_every_pair_of_texts_compares_as_in_python(filled: Filled) -> None:
    for value in [*ODD, 1, 1.5, -1, 0, 0.1, 0.3, 10, 12345678901234, True]:
        for kind in ("eq", "ne", "gt", "gte", "lt", "lte"):
            await filled.agrees({"type": kind, "key": "metadata.odd", "value": value})


async def test_texts_compare_by_their_code_points(filled: Filled) -> None:
    for value in ODD:
        for key in ("title", "source"):
            for kind in ("eq", "gt", "lte"):
                await filled.agrees({"type": kind, "key": key, "value": value})


async def test_nothing_in_a_text_is_a_wildcard(filled: Filled) -> None:
    for value in ODD:
        for kind in ("contains", "starts_with"):
            await filled.agrees({"type": kind, "key": "metadata.odd", "value": value})
            await filled.agrees({"type": kind, "key": "title", "value": value})


async def test_any_name_of_metadata_is_only_a_name(filled: Filled) -> None:
    for name in filter(None, ODD):
        await filled.agrees({"type": "exists", "key": f"metadata.{name}"})
        await filled.agrees({"type": "ne", "key": f"metadata.{name}", "value": "there"})


KEYS = st.sampled_from(["metadata.odd", "metadata.a", "metadata.none", "title"])
TEXTS = st.one_of(
    st.sampled_from(ODD), st.text(max_size=3, alphabet=st.characters(exclude_categories=["Cs"]))
)
NUMBERS = st.one_of(st.integers(-20, 20), st.floats(-1e14, 1e14, allow_nan=False))
DATES = st.sampled_from([one for one in ODD if read_date(one)])


def leaves() -> st.SearchStrategy[dict[str, object]]:
    metadata = st.sampled_from(["metadata.odd", "metadata.a", "metadata.none"])
    any_value = st.one_of(TEXTS, NUMBERS, st.booleans(), DATES)
    compared = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
    listed = st.sampled_from(["in", "nin"])
    part = st.sampled_from(["contains", "starts_with"])
    return st.one_of(
        st.fixed_dictionaries({"type": compared, "key": metadata, "value": any_value}),
        st.fixed_dictionaries({"type": compared, "key": st.just("size_bytes"), "value": NUMBERS}),
        st.fixed_dictionaries({"type": compared, "key": st.just("created_at"), "value": DATES}),
        st.fixed_dictionaries({"type": listed, "key": metadata, "value": st.lists(any_value)}),
        st.fixed_dictionaries(
            {"type": listed, "key": st.just("size_bytes"), "value": st.lists(NUMBERS)}
        ),
        st.fixed_dictionaries({"type": part, "key": KEYS, "value": TEXTS}),
        st.fixed_dictionaries({"type": st.just("exists"), "key": KEYS}),
        *(
            st.fixed_dictionaries(
                {"type": st.just("between"), "key": metadata, "low": ends, "high": ends}
            )
            for ends in (NUMBERS, DATES, st.sampled_from(["", "a", "b", "2"]))
        ),
    )


def nested(inner: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    junctions = st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, min_size=1, max_size=4)}
    )
    return st.one_of(junctions, st.fixed_dictionaries({"type": st.just("not"), "filter": inner}))


@given(condition=st.recursive(leaves(), nested, max_leaves=8))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_sql_finds_what_python_finds(filled: Filled, condition: dict[str, object]) -> None:
    await filled.agrees(condition)
