import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.filter_text import parse_filter
from rag_core.errors import InvalidRequestError


def compared(kind: str, key: str, value: object) -> dict[str, object]:
    return {"type": kind, "key": key, "value": value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year >= 2020", compared("gte", "metadata.year", 2020)),
        ("year<2020.5", compared("lt", "metadata.year", 2020.5)),
        ('zip = "01234"', compared("eq", "metadata.zip", "01234")),
        ("title=2020", compared("eq", "title", "2020")),
        ("created_at > 2024-05-01", compared("gt", "created_at", "2024-05-01")),
        ("version ~ 5.10", compared("contains", "metadata.version", "5.10")),
        ("source ^= /docs/", compared("starts_with", "source", "/docs/")),
        ('"my key" != "a\\tb"', compared("ne", "metadata.my key", "a\tb")),
        ("kind in (a, 5)", compared("in", "metadata.kind", ("a", 5))),
        ("kind NOT IN (a, b)", compared("nin", "metadata.kind", ("a", "b"))),
        (
            "year between 2020 AND 2024",
            {"type": "between", "key": "metadata.year", "low": 2020, "high": 2024},
        ),
        ("author exists", {"type": "exists", "key": "metadata.author"}),
        ('{"type": "exists", "key": "title"}', {"type": "exists", "key": "title"}),
    ],
)
def test_a_comparison_is_read(text: str, expected: dict[str, object]) -> None:
    assert parse_filter(text).model_dump() == expected


def test_or_binds_less_than_and_and_that_less_than_not() -> None:
    read = parse_filter("a=1 and not b=1 or c=1").model_dump()

    a, b, c = (compared("eq", f"metadata.{name}", 1) for name in "abc")
    both = {"type": "and", "filters": (a, {"type": "not", "filter": b})}
    assert read == {"type": "or", "filters": (both, c)}


def test_what_follows_between_two_values_is_another_comparison() -> None:
    assert parse_filter("a between 1 and 2 and b=1").type == "and"


def test_brackets_bind_most() -> None:
    assert parse_filter("(a=1 or b=1) AND c=1").type == "and"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at character 1 stands the end, expected a name"),
        ("year", "at character 5 stands the end, expected one of"),
        ("year not 5", "at character 10 stands '5', expected 'in'"),
        ("year between 1, 5", "at character 15 stands ',', expected 'and'"),
        ("year > >", "at character 8 stands '>', expected a value"),
        ("(a=1", "at character 5 stands the end, expected ')'"),
        ("a=1 b=2", "at character 5 stands 'b', expected 'and', 'or' or the end"),
        ("a!b", "at character 2 stands '!'"),
        ('a="x', "at character 3 stands '\"'"),
        ('a="\\q"', "is no text as JSON writes one"),
        ("(" * 5000 + "a=1", "no more than 16 levels"),
        ("not " * 5000 + "a=1", "no more than 16 levels"),
        ('{"a', "is not JSON"),
        ('{"a":' * 100_000, "is not JSON"),
        ("created_at = 2020", "'2020' is no date"),
    ],
)
def test_what_is_no_filter_is_told_where(text: str, said: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        parse_filter(text)

    assert said in str(raised.value)


@given(
    st.lists(
        st.sampled_from(
            ["a", "and", "or", "not", "in", "exists", "(", ")", "=", "~", ",", '"', "1", "{", "^"]
        )
    )
)
def test_garbage_is_a_filter_or_a_sentence(tokens: list[str]) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse_filter(" ".join(tokens))
