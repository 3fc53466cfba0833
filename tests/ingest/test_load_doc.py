from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.load.doc import load_doc
from rag_core.documents import Document
from rag_core.errors import DocumentError, EmptyDocumentError, UnreadableDocumentError
from tests.ole import make_ole

TEXT_AT = 512


def make_doc(*pieces: str, flags: int = 0, version: int = 0xC1) -> bytes:
    """Pieces in turn as UTF-16 and, when they begin with a tilde, in one byte a letter."""
    head = bytearray(struct.pack("<HH6xH", 0xA5EC, version, flags).ljust(TEXT_AT, b"\0"))
    ends, places = [0], b""
    for piece in pieces:
        compressed = piece.startswith("~")
        words = piece.removeprefix("~")
        place = (len(head) * 2) | (1 << 30) if compressed else len(head)
        head += words.encode("cp1252" if compressed else "utf-16-le")
        ends.append(ends[-1] + len(words))
        places += struct.pack("<HIH", 0, place, 0)
    listing = struct.pack(f"<{len(ends)}I", *ends) + places
    table = b"\x01\x02\x00xx" + b"\x02" + struct.pack("<I", len(listing)) + listing
    struct.pack_into("<ii", head, 0x4C, ends[-1], 0)
    struct.pack_into("<II", head, 0x1A2, 0, len(table))
    return make_ole({"WordDocument": bytes(head), "0Table": table})


def load(content: bytes) -> Document:
    return load_doc(content, source="/d/a.doc", name="a.doc", stem="a")


def test_the_pieces_of_the_text_are_read_in_both_ways_they_are_stored() -> None:
    assert load(make_doc("~Grüße.\r", "# Żółw.\r")).text == "Grüße.\n\n\\# Żółw."


def test_rows_become_a_table() -> None:
    assert load(make_doc("Before.\rA\x07B\x07\x07c\x07d\x07\x07After.\r")).text == (
        "Before.\n\n| A | B |\n| --- | --- |\n| c | d |\n\nAfter."
    )


def test_fields_show_their_results_and_pictures_nothing() -> None:
    field = "\x13 HYPERLINK \x13 x \x15 \x14the page\x15"

    assert load(make_doc(f"See {field}\x01 now.\x0bNext.\r")).text == "See the page now.\nNext."


@pytest.mark.parametrize(
    ("flags", "version", "reason"), [(0x0100, 0xC1, "encrypted"), (0, 0x65, "older than Word 97")]
)
def test_what_cannot_be_read_is_said(flags: int, version: int, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        load(make_doc("Words.", flags=flags, version=version))


def test_a_file_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(make_doc("\r\r"))


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 600))
def test_any_damage_gives_a_document_or_an_error_of_ours(damage: bytes, place: int) -> None:
    head = bytearray(700)
    struct.pack_into("<HH6xHxx", head, 0, 0xA5EC, 0xC1, 0)
    struct.pack_into("<ii", head, 0x4C, 50, 0)
    head[place : place + len(damage)] = damage

    try:
        text = load(make_ole({"WordDocument": bytes(head), "0Table": damage})).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
