import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import InvalidRequestError
from rag_core.filter_values import read_date
from rag_core.filters import Equal, keys_of, read_filter

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
WORDS = st.sampled_from(["type", "key", "value", "filters", "filter", "low", "high", "other"])
TYPES = st.sampled_from(["eq", "in", "and", "not", "between", "contains", "title", "metadata.a"])


def equal(value: object = "x", key: str = "metadata.a") -> dict[str, object]:
    return {"type": "eq", "key": key, "value": value}


def nested(depth: int) -> dict[str, object]:
    inner = equal()
    for _ in range(depth - 1):
        inner = {"type": "not", "filter": inner}
    return inner


def test_a_filter_is_read_into_typed_values() -> None:
    read = read_filter({"type": "and", "filters": [equal(5), {"type": "not", "filter": equal()}]})

    assert keys_of(read) == {"metadata.a"}
    assert read.model_dump()["filters"][0] == equal(5)


def test_a_truth_value_is_the_text_that_metadata_has_of_it() -> None:
    assert read_filter(equal(value=True)) == Equal(type="eq", key="metadata.a", value="true")
    assert read_filter(equal(value=True)) != read_filter(equal(1))


def test_equal_filters_are_one_key_of_a_cache() -> None:
    assert (
        len({read_filter(equal([1], "title") | {"type": "in", "value": ["1"]}) for _ in "ab"}) == 1
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (equal(key="titel"), "filter.key: there is no field 'titel'; there are source, title"),
        (equal(key="metadata."), "metadata.year"),
        (equal(5, "title"), 'filter: title is a text: write "5"'),
        (equal("5", "size_bytes"), "filter: size_bytes is a number: write it without quotes"),
        (equal(5, "created_at"), 'filter: created_at is a date: write "2026-05-01"'),
        (equal("yesterday", "created_at"), "filter: 'yesterday' is no date"),
        (equal("2026-02-30", "created_at"), "'2026-02-30' is no date"),
        (equal(None), "filter.value: must be a text, a number, true or false"),
        (equal("\ud800"), "filter.value: must be valid Unicode"),
        (equal("x" * 1001), "filter.value: has 1,001 characters, the limit is 1,000"),
        (equal(10**15), "filter.value: a number has at most 15 digits"),
        (equal(float("nan")), "filter.value: a number has at most 15 digits"),
        (equal(10**400), "filter.value: a number has at most 15 digits"),
        (equal() | {"other": 1}, "filter.other: there is no such field"),
        ({"type": "like", "key": "title", "value": "x"}, "'like'"),
        ({"type": "contains", "key": "size_bytes", "value": "5"}, "size_bytes is no text"),
        ({"type": "between", "key": "metadata.a", "low": 1, "high": "x"}, "must both be"),
        ({"type": "and", "filters": []}, "filter.filters"),
        (
            {"type": "and", "filters": [equal(), equal(key="x")]},
            "filter.filters.1.key: there is no",
        ),
        (None, "filter: "),
        ("title = x", "filter: "),
    ],
)
def test_a_wrong_filter_is_told_where_and_how(given: object, said: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        read_filter(given)

    assert said in str(raised.value)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (nested(17), "nested more than 16 deep"),
        (nested(100_000), "nested more than 16 deep"),
        ({"type": "or", "filters": [equal()] * 200}, "more than 200 conditions"),
        (equal() | {"type": "in", "value": ["x"] * 10_001}, "more than 10,000 values"),
        (
            {"type": "or", "filters": [equal() | {"type": "in", "value": [1] * 5_001}] * 2},
            "more than 10,000 values",
        ),
        ({"type": "and", "filters": [None] * 100_000}, "filter.filters"),
    ],
)
def test_a_filter_has_limits(given: object, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        read_filter(given)


def test_all_that_is_within_the_limits_is_taken() -> None:
    assert read_filter(nested(16))
    assert read_filter(equal() | {"type": "in", "value": ["x"] * 10_000})
    assert read_filter({"type": "in", "key": "title", "value": []})


@given(
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(WORDS, st.one_of(inner, TYPES), max_size=5)
        ),
        max_leaves=20,
    )
)
def test_garbage_is_a_filter_or_a_sentence(garbage: object) -> None:
    with contextlib.suppress(InvalidRequestError):
        read = read_filter(garbage)

        assert read_filter(read.model_dump()) == read


def test_a_day_is_all_of_its_moments_and_a_moment_a_second() -> None:
    day, moment = read_date("2024-02-29"), read_date("2024-02-29T23:30:00.9-05:00")

    assert day is not None
    assert moment is not None
    assert str(day.high - day.low) == "1 day, 0:00:00"
    assert moment.low.isoformat() == "2024-03-01T04:30:00+00:00"
    assert str(moment.high - moment.low) == "0:00:01"
