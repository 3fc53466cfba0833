from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.asciidoc import load_asciidoc
from rag_core.documents import Document
from rag_core.errors import DocumentError, EmptyDocumentError

LINES = ["= A", "----", "|===", "|a |b", "[source,c]", ".T", ". a", "* b", "////", "<<a>>", ""]


def load(text: str) -> Document:
    return load_asciidoc(text.encode(), source="/d/a.adoc", name="a.adoc", stem="a")


def test_headings_and_lists_become_markdown() -> None:
    document = load("= Title\n:toc:\n\n== Part\n\n* one\n** deep\n. first\n\n# x is no comment")

    assert document.title == "Title"
    assert document.text.startswith("# Title\n\n## Part\n\n- one\n  - deep\n1. first")


def test_listings_are_fences_in_their_language() -> None:
    assert load("[source,python]\n----\n== code\n----\n\nEnd.").text == (
        "```python\n== code\n```\n\nEnd."
    )


def test_tables_become_rows() -> None:
    text = "[cols=2]\n|===\n|A |B\n\n|c\n|d\n|===\n"

    assert load(text).text == "| A | B |\n| --- | --- |\n| c | d |"


def test_links_keep_their_words_and_comments_are_left_out() -> None:
    links = "See https://x.example[the page], <<there,that>>.\n"
    text = links + "// gone\n////\ngone\n////\n\n.Named\n====\nIn.\n===="

    assert load(text).text == "See the page, that.\n\nNamed\n\nIn."


def test_a_file_of_comments_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load("// nothing\n:a: b\n")


@given(st.lists(st.sampled_from(LINES)))
def test_any_text_gives_a_document_or_an_error_of_ours(lines: list[str]) -> None:
    try:
        text = load("\n".join(lines)).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
