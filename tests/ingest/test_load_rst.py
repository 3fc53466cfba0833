from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.rst import load_rst
from rag_core.documents import Document
from rag_core.errors import DocumentError, EmptyDocumentError

LINES = [
    "===",
    "Title",
    "-----",
    "   in",
    "::",
    ".. note:: a",
    ".. b",
    "`a <b>`_",
    "+-+",
    "| a |",
    "",
]


def load(text: str) -> Document:
    return load_rst(text.encode(), source="/d/a.rst", name="a.rst", stem="a")


def test_adornments_tell_the_levels_of_headings() -> None:
    text = "=====\nTitle\n=====\n\nPart\n====\n\nIt\n--\n\nWords.\n\nPart 2\n======\n"

    document = load(text)

    assert document.text == "# Title\n\n## Part\n\n### It\n\nWords.\n\n## Part 2"
    assert document.title == "Title"


def test_a_title_among_the_fields_comes_first() -> None:
    document = load("PEP: 8\nTitle: Style\n\nAbstract\n========\n\nWords.\n")

    assert document.title == "Style"
    assert document.text.endswith("# Abstract\n\nWords.")


def test_literal_blocks_and_code_are_fences() -> None:
    text = "See::\n\n    a = 1\n\n      b\n\n.. code-block:: python\n   :linenos:\n\n   # c\n\nEnd."

    assert load(text).text == "See:\n\n```\na = 1\n\n  b\n```\n\n```python\n# c\n```\n\nEnd."


def test_a_literal_block_within_a_quotation_ends_with_its_indentation() -> None:
    assert load("a\n\n  See::\n\n    code\n\n  words").text.endswith("```\ncode\n```\n\n  words")


def test_directives_keep_their_words_and_comments_are_left_out() -> None:
    text = (
        ".. note:: Mind\n   the *gap*.\n\n.. A comment\n   of lines\n\n.. _here: http://x\n\nEnd."
    )

    assert load(text).text == "Note: Mind\n\nthe *gap*.\n\nEnd."


def test_roles_links_and_footnotes_keep_their_words() -> None:
    text = "Use :func:`~a.b`, ``c``, `the link <http://x>`_ and :pep:`8`. [1]_\n\n.. [1] The note."

    assert load(text).text == "Use `a.b`, `c`, the link and PEP 8. [1]_\n\n[1] The note."


def test_grid_tables_become_rows_under_their_header() -> None:
    text = "+---+---+\n| A | B |\n+===+===+\n| c | d |\n+---+---+\n"

    assert load(text).text == "| A | B |\n| --- | --- |\n| c | d |".replace("\n|", "\n|")


def test_what_markdown_would_take_for_a_heading_is_escaped() -> None:
    assert load("# no heading").text == "\\# no heading"


def test_a_file_of_comments_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(".. nothing\n   here")


@given(st.lists(st.sampled_from(LINES)))
def test_any_text_gives_a_document_or_an_error_of_ours(lines: list[str]) -> None:
    try:
        text = load("\n".join(lines)).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
