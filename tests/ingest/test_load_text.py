from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.text import MAX_TEXT_BYTES, decode_text, load_text, normalise_text
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)

FRENCH = "Le café était fermé, et l’élève naïf s’éloigna très vite vers la forêt. " * 5
RUSSIAN = "Быстрая коричневая лиса прыгает через ленивую собаку, и все довольны. " * 5
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 5


def decode(content: bytes) -> str:
    return decode_text(content, name="a.txt")[0]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_utf8_is_read_as_it_is(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_marks_zeros_and_guesses_tell_the_encoding(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding)) == FRENCH


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("ההסכם ייכנס לתוקף ביום חתימתו. ירושלים היא בירת ישראל.", "cp1255"),
        ("Sözleşme imza tarihinde yürürlüğe girer; başkenti Ankara'dır.", "cp1254"),
        ("Zażółć gęślą jaźń. Umowa wchodzi w życie z dniem podpisania.", "iso8859-2"),
    ],
)
def test_a_guessed_encoding_is_named_in_a_warning(text: str, encoding: str) -> None:
    decoded, (warning,) = decode_text(text.encode(encoding), name="a.txt")

    assert decoded == text
    assert "which fits best" in warning


def test_japanese_in_ascii_bytes_is_no_ascii() -> None:
    assert decode(JAPANESE.encode("iso2022_jp")) == JAPANESE


def test_what_was_lost_in_damaged_utf8_is_said() -> None:
    content = FRENCH.encode() + b"\xff\xc3 end"

    text, (warning,) = decode_text(content, name="a.txt")

    assert text == FRENCH + "\ufffd\ufffd end"
    assert warning == "2 characters are not utf-8 and were replaced"


def test_a_declared_encoding_is_believed() -> None:
    text, warnings = decode_text(RUSSIAN.encode("cp866"), name="a", declared="ibm866")

    assert (text, warnings) == (RUSSIAN, ())


def test_an_unknown_declared_encoding_is_ignored() -> None:
    text, _ = decode_text(FRENCH.encode("cp1252"), name="a", declared="no-such")

    assert text == FRENCH


def test_binary_data_is_refused_as_such() -> None:
    with pytest.raises(UnsupportedDocumentError, match=r"'a\.txt'.*binary"):
        decode(bytes(range(256)) * 10)


def test_random_bytes_never_become_text_in_silence() -> None:
    content = bytes(random.Random(7).choices(range(0x80, 0x100), k=2000))  # noqa: S311 - no secret

    with pytest.raises(UnreadableDocumentError, match="no encoding"):
        decode(content)


def test_a_broken_utf16_file_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="is broken"):
        decode(b"\xff\xfe" + b"\x00\xdc" * 50)


def test_a_file_over_the_limit_is_refused() -> None:
    content = bytes(MAX_TEXT_BYTES + 1)

    with pytest.raises(OversizedDocumentError, match="256 MiB"):
        decode(content)


@pytest.mark.parametrize(
    "content", [b" \n\t", b"\xef\xbb\xbf", b"\r\n", "\u200b\u00a0\ufeff".encode()]
)
def test_white_space_alone_is_no_document(content: bytes) -> None:
    with pytest.raises(EmptyDocumentError):
        load_text(content, source="/a.txt", name="a.txt")


def test_plain_text_is_titled_by_its_file_name() -> None:
    document = load_text(b"# no heading\r\nx\ry", source="/d/a.py", name="a.py")

    assert (document.title, document.markup) == ("a.py", "plain")
    assert document.text == "# no heading\nx\ny"


def test_what_no_database_stores_is_replaced() -> None:
    assert normalise_text("a\0b\ud800c") == "a\ufffdb\ufffdc"


@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_an_error_of_ours(content: bytes) -> None:
    text = "text"
    with suppress(DocumentError):
        text = load_text(content, source="/a", name="a").text

    assert text.strip()
    assert not {"\r", "\0"} & set(text)
