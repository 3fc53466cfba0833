from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.records import load_records
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError

LEAVES = st.one_of(st.text("ab\n# "), st.integers(), st.booleans(), st.none(), st.floats())
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text("ab."), inner))
)
WORDS = "words " * 50


def load(content: bytes) -> Document:
    return load_records(content, source="/d/a.json", name="a.json", stem="a")


def load_value(value: object) -> str:
    return load(json.dumps(value).encode()).text


def test_every_value_stands_beside_the_names_that_lead_to_it() -> None:
    value = {"name": "Ann", "home": {"city": {"code": 53}, "tags": ["a", "b"]}}

    assert load_value(value) == "- name: Ann\n\n## home\n\n- city.code: 53\n- tags: a, b"


def test_records_stand_under_what_they_call_themselves_or_their_number() -> None:
    value = [{"title": "Ducks", "in": {"a": 1}}, {"in": {"a": 2}}]

    assert load_value(value) == (
        "## Ducks\n\n- title: Ducks\n- in.a: 1\n\n## Record 2\n\n- in.a: 2"
    )


def test_flat_records_are_a_table() -> None:
    value = [{"name": "Ann", "age": 7}, {"name": "Bob", "size": None}]

    assert load_value(value) == (
        "| name | age | size |\n| --- | --- | --- |\n| Ann | 7 |  |\n| Bob |  |  |"
    )


def test_long_texts_are_paragraphs_below_their_name() -> None:
    assert load_value({"a": {"b": f"# {WORDS}"}}) == f"## a\n\n- b:\n\n\\# {WORDS.strip()}"


def test_one_value_a_line_is_a_list() -> None:
    document = load(b'{"a": 1}\n\n{"a": 2}\nno json\n')

    assert document.text == "| a |\n| --- |\n| 1 |\n| 2 |"
    assert document.warnings == ("1 lines are no JSON and were left out: 3",)


def test_what_is_no_json_is_read_as_plain_text_with_a_warning() -> None:
    document = load(b"{'a': # no json\n}")

    assert (document.text, document.markup) == ("{'a': # no json\n}", "plain")
    assert document.warnings[0].startswith("no valid JSON, so read as plain text")


@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b" \n"])
def test_a_value_without_words_is_empty(content: bytes) -> None:
    with pytest.raises(EmptyDocumentError):
        load(content)


def test_a_title_is_taken_over() -> None:
    assert load(b'{"title": "The title", "a": 1}').title == "The title"


@given(VALUES)
def test_any_value_is_written_or_said_to_be_empty(value: object) -> None:
    try:
        text = load_value(value)
    except EmptyDocumentError:
        text = "empty"

    assert text.strip()


def test_a_notebook_is_its_text_and_its_code_without_outputs() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Top\n", "Words."]},
        {"cell_type": "code", "source": "print('```')", "outputs": [{"text": "gone"}]},
        {"cell_type": "raw", "source": "# plain"},
        {"cell_type": "code", "source": []},
    ]
    notebook = {"nbformat": 4, "cells": cells, "metadata": {"kernelspec": {"language": "R"}}}

    document = load(json.dumps(notebook).encode())

    assert document.text == "# Top\nWords.\n\n````r\nprint('```')\n````\n\n\\# plain"
    assert (document.title, document.media_type) == ("Top", "application/x-ipynb+json")


def test_a_notebook_of_the_format_before_is_read() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Top"}, {"input": "1 + 1"}]
    cells[1]["cell_type"] = "code"

    text = load_value({"nbformat": 3, "worksheets": [{"cells": cells}]})

    assert text == "## Top\n\n```python\n1 + 1\n```"
