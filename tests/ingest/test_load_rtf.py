from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.rtf import MAX_RTF_BYTES, load_rtf
from rag_core.documents import Document
from rag_core.errors import DocumentError, EmptyDocumentError, OversizedDocumentError

PIECES = [
    b"{",
    b"}",
    b"\\par ",
    b"\\'e4",
    b"\\u228?",
    b"words",
    b"\\bin9 ",
    b"\\cell ",
    b"\\row\n",
    b"\xff",
]


def load(content: bytes) -> Document:
    return load_rtf(content, source="/d/a.rtf", name="a.rtf", stem="a")


def test_paragraphs_are_read_with_their_letters() -> None:
    rich = rb"{\rtf1\ansicpg1252{\info{\title Greetings}}Gr\'fc\'dfe\par # and \u8364? signs\par}"

    document = load(rich)

    assert document.text == "Grüße\n\n\\# and € signs"
    assert document.title == "Greetings"


def test_rows_become_a_table() -> None:
    rich = rb"{\rtf1 Before\par\trowd A\cell B\cell\row\trowd c\cell\row After\par}"

    assert load(rich).text == "Before\n\n| A | B |\n| --- | --- |\n| c |  |\n\nAfter"


def test_a_text_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(rb"{\rtf1 \par}")


def test_a_very_large_file_is_refused() -> None:
    with pytest.raises(OversizedDocumentError, match="64"):
        load(b"{\\rtf1" + bytes(MAX_RTF_BYTES))


@given(st.lists(st.sampled_from(PIECES)))
def test_any_rtf_gives_a_document_or_an_error_of_ours(pieces: list[bytes]) -> None:
    try:
        text = load(b"{\\rtf1 " + b"".join(pieces)).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
