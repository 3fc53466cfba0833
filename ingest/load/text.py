"""Bytes of a text file to its characters, and plain text to a Document."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import CharsetMatch, from_bytes

from rag_core.documents import Document
from rag_core.errors import (
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)

MAX_TEXT_BYTES = 256 << 20

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES = 1 << 16
_LINE_WITH_HIGH_BYTES = re.compile(rb"[^\n]{0,200}[\x80-\xff][^\n]{0,200}")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_LARGEST_CONTROL_SHARE = 0.02
_UTF16_ZERO_SHARE = 0.3
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSEEN = re.compile("[\\s\u200b-\u200d\u2060\ufeff]*")
_LARGEST_LOSS = 0.1
_LIKELIER_ENCODING = "cp1252"
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
"""Japanese in ASCII bytes: what switches to two bytes a letter."""
_RARE_ENCODINGS = [
    *(f"iso8859_{number}" for number in (3, 4, 10, 14, 16)),
    *("mac_latin2", "mac_iceland", "hp_roman8"),
]
"""Hardly ever written, and other languages of Europe look tidier in them than in the right one."""
_TURKISH = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")
_ICELANDIC = re.compile(rb"[\xe1\xe6\xe9\xed\xf3\xfa]")
"""Six letters of Turkish have the places of Icelandic ones, which stand among such accents."""
_NO_HEBREW = re.compile(rb"[\xc0-\xdf]")
"""Bytes that Hebrew without vowel signs does not use; the same are capitals in other scripts."""
_LARGEST_CHAOS = 0.15
"""Of charset-normalizer's guess: what real text stays under and random bytes do not."""


def load_text(content: bytes, *, source: str, name: str) -> Document:
    """Read plain text or source code; its title is the file's name."""
    text, warnings = decode_text(content, name=name)
    require_text(text, name=name)
    return Document(source, name, text, "text/plain", "plain", warnings=warnings)


def decode_text(
    content: bytes, *, name: str, declared: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file with line ends as line feeds, and what was lost.

    `declared` is the encoding that the file itself names, tried after the marks and UTF-8.

    Raises:
        OversizedDocumentError: it is larger than MAX_TEXT_BYTES.
        UnsupportedDocumentError: it is no text.
        UnreadableDocumentError: no encoding fits.
    """
    if len(content) > MAX_TEXT_BYTES:
        raise OversizedDocumentError(
            f"{name!r} has {len(content) >> 20} MiB, texts may have {MAX_TEXT_BYTES >> 20}"
        )
    text, warnings = _decode(content, name, declared)
    return normalise_text(text), warnings


def normalise_text(text: str) -> str:
    """Line ends as line feeds; what no database stores (zeros, lone surrogates) as U+FFFD."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def require_text(text: str, *, name: str) -> None:
    """Refuse a text of nothing but white space, also such as has no width.

    Raises:
        EmptyDocumentError: it is one.
    """
    if _UNSEEN.fullmatch(text):
        raise EmptyDocumentError(f"{name!r} holds no text")


def _decode(content: bytes, name: str, declared: str | None) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode_as(encoding, content[len(mark) :], name)
    unmarked = _find_utf16(content, name)
    if unmarked:
        return _decode_as(unmarked, content, name)
    if _ISO_2022_JP.search(content[:_SAMPLE_BYTES]) and content.isascii():
        return _decode_as("iso2022_jp", content, name)
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _decode_foreign(content, name, declared, error)


def _decode_foreign(
    content: bytes, name: str, declared: str | None, error: UnicodeDecodeError
) -> tuple[str, tuple[str, ...]]:
    if _is_known(declared):
        return _decode_as(str(declared), content, name)
    sample = content[max(0, error.start - _SAMPLE_BYTES) : error.start + _SAMPLE_BYTES]
    multibyte = sum(map(len, _MULTIBYTE.findall(sample)))
    if 2 * multibyte > len(_HIGH_BYTE.findall(sample)):
        return _decode_as("utf-8", content, name)
    encoding = _guess_encoding(content, name)
    text, warnings = _decode_as(encoding, content, name)
    return text, (f"no UTF-8: read as {encoding}, which fits best", *warnings)


def _decode_as(encoding: str, content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Decode, and say how many characters were lost.

    Raises:
        UnreadableDocumentError: so many that the encoding is the wrong one.
    """
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError:
        text = content.decode(encoding, "replace")
    lost = text.count("\ufffd")
    if lost > _LARGEST_LOSS * len(text):
        raise UnreadableDocumentError(f"{name!r} is broken: {lost} characters are not {encoding}")
    return text, (f"{lost} characters are not {encoding} and were replaced",)


def _find_utf16(content: bytes, name: str) -> str | None:
    """UTF-16 without a mark, told by its zeros; refuses what is no text."""
    sample = content[: _SAMPLE_BYTES & ~1]
    controls = len(_CONTROLS.findall(sample))
    if controls <= _LARGEST_CONTROL_SHARE * len(sample) and b"\0" not in sample:
        return None
    for encoding, zeros, others in (
        ("utf-16-le", sample[1::2].count(0), sample[::2].count(0)),
        ("utf-16-be", sample[::2].count(0), sample[1::2].count(0)),
    ):
        likely = zeros > _UTF16_ZERO_SHARE * len(sample) / 2 and not others
        if likely and not _CONTROL_CHARACTER.search(sample.decode(encoding, "ignore")):
            return encoding
    raise UnsupportedDocumentError(f"{name!r} is no text: it holds binary data")


def _is_known(encoding: str | None) -> bool:
    try:
        return encoding is not None and codecs.lookup(encoding).name not in ("utf-8", "ascii")
    except LookupError:
        return False


def _guess_encoding(content: bytes, name: str) -> str:
    """The encoding that fits the lines which are not ASCII.

    Raises:
        UnreadableDocumentError: none fits.
    """
    lines = _LINE_WITH_HIGH_BYTES.findall(content[: 16 * _SAMPLE_BYTES])
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    matches = [
        match
        for match in from_bytes(sample, cp_exclusion=_RARE_ENCODINGS)
        if match.chaos <= _LARGEST_CHAOS
    ]
    if not matches:
        raise UnreadableDocumentError(f"{name!r} is in no encoding that we know")
    return _choose(matches, sample)


def _choose(matches: list[CharsetMatch], sample: bytes) -> str:
    """The likeliest of the encodings in which the sample makes least chaos."""
    best = min(matches, key=lambda match: (match.chaos, -match.coherence))
    tidy = {match.encoding for match in matches if match.chaos <= best.chaos}
    if "cp1255" in tidy and not _NO_HEBREW.search(sample):
        return "cp1255"
    if _LIKELIER_ENCODING not in tidy:
        return best.encoding
    turkish = _TURKISH.search(sample) and not _ICELANDIC.search(sample)
    return "cp1254" if turkish else _LIKELIER_ENCODING
