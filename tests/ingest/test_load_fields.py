from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.fields import select_fields
from ingest.load.records import load_records
from rag_core.errors import EmptyDocumentError

BOOK = {"title": "Rivers", "author": {"name": "Ann", "mail": "a@b.c"}, "tags": [{"x": 1, "y": 2}]}
NAMES = st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c"])
RECORDS = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (["title"], {"title": "Rivers"}),
        (["author.name"], {"author": {"name": "Ann"}}),
        (["author.mail", "title"], {"author": {"mail": "a@b.c"}, "title": "Rivers"}),
        (["tags.x"], {"tags": {"x": [1]}}),
        (["author", "author.name"], {"author": BOOK["author"]}),
        ([], BOOK),
    ],
)
def test_what_is_named_is_kept_as_it_is_nested(fields: list[str], kept: object) -> None:
    assert select_fields(BOOK, fields, name="a.json") == kept


def test_records_without_any_of_the_fields_are_left_out() -> None:
    value = [{"text": "one"}, {"other": 2}, {"text": "three"}, "four"]

    kept = select_fields(value, ["text"], name="a.json")

    assert kept == [{"text": "one"}, {"text": "three"}]


def test_a_file_with_none_of_the_fields_says_which_there_are() -> None:
    with pytest.raises(EmptyDocumentError, match="none of the fields body; there are: title, auth"):
        select_fields(BOOK, ["body"], name="a.json")


@given(record=RECORDS, fields=st.lists(NAMES, min_size=1, max_size=3))
def test_nothing_that_was_not_named_is_kept(record: object, fields: Sequence[str]) -> None:
    try:
        kept = select_fields(record, fields, name="a.json")
    except EmptyDocumentError:
        return

    assert isinstance(kept, dict)
    assert kept.keys() <= {field.partition(".")[0] for field in fields}


def test_the_text_and_the_title_are_of_the_fields_only() -> None:
    content = json.dumps(BOOK).encode()

    document = load_records(
        content, source="/a.json", name="a.json", stem="a", fields=["author.name"]
    )

    assert document.title == "a"
    assert "Ann" in document.text
    assert "Rivers" not in document.text
