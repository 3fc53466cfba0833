"""The words of an old Word file (DOC, 97 to 2003) to a Document: paragraphs and rows of tables."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from itertools import pairwise

import olefile

from ingest.load.markup import escape_plain, write_table
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import UnreadableDocumentError

_MAGIC = 0xA5EC
_OLDEST = 0xC1
"""The version that Word 97 writes; those before it are built otherwise."""
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_COUNTS, _PIECES = 0x4C, 0x1A2
"""Where the head of the file says how many characters there are, and where their list is."""
_COMPRESSED = 1 << 30
_FIELD = re.compile("\x13[^\x13-\x15]*(?:\x14([^\x13-\x15]*))?\x15")
_MOST_NESTED = 20
_ROW_END, _CELL_END = "\x07\x07", "\x07"
_LETTERS = str.maketrans({"\x0b": "\n", "\x0c": "\r", "\x1e": "-", "\x1f": None, "\xa0": " "})
_SIGNS = re.compile("[\x01-\x06\x08\x0e-\x1d]")


def load_doc(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read the text with its footnotes, without headings, which such files hold as formats only.

    Raises:
        UnreadableDocumentError: it is broken, encrypted or older than Word 97.
        EmptyDocumentError: it holds no text.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            raw = _read_text(container, name)
            title = container.get_metadata().title
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise UnreadableDocumentError(f"{name!r} is a broken Word file: {error}") from error
    text = normalise_text("\n\n".join(filter(None, _write_blocks(_clean(raw)))))
    require_text(text, name=name)
    given = title.decode("cp1252", "replace").strip("\0 ") if isinstance(title, bytes) else ""
    return Document(source, given or stem, text, "application/msword", "markdown")


def _read_text(container: olefile.OleFileIO, name: str) -> str:
    """The characters of the text and then of its footnotes, from the pieces that hold them."""
    head = container.openstream("WordDocument").read()
    magic, version, flags = struct.unpack_from("<HH6xH", head)
    if magic != _MAGIC or version < _OLDEST:
        raise UnreadableDocumentError(f"{name!r} is older than Word 97: save it as DOCX")
    if flags & _ENCRYPTED:
        raise UnreadableDocumentError(f"{name!r} is encrypted with a password")
    table = container.openstream("1Table" if flags & _SECOND_TABLE else "0Table").read()
    place, size = struct.unpack_from("<II", head, _PIECES)
    pieces = "".join(_read_pieces(head, table[place : place + size]))
    return pieces[: sum(struct.unpack_from("<ii", head, _COUNTS))]


def _read_pieces(head: bytes, listing: bytes) -> Iterator[str]:
    at = 0
    while listing[at] == 1:  # formats, which come before the pieces
        at += 3 + struct.unpack_from("<H", listing, at + 1)[0]
    (size,) = struct.unpack_from("<I", listing, at + 1)
    count = (size - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}I", listing, at + 5)
    for number, (start, end) in enumerate(pairwise(ends)):
        (place,) = struct.unpack_from("<I", listing, at + 5 + 4 * (count + 1) + 8 * number + 2)
        if place & _COMPRESSED:
            first = (place & ~_COMPRESSED) // 2
            yield head[first : first + end - start].decode("cp1252", "replace")
        else:
            yield head[place : place + 2 * (end - start)].decode("utf-16-le", "replace")


def _clean(raw: str) -> str:
    """Without the codes of fields, whose results stay, and without the signs of pictures."""
    for _ in range(_MOST_NESTED):
        raw, changes = _FIELD.subn(lambda field: field[1] or "", raw)
        if not changes:
            break
    return _SIGNS.sub("", raw.translate(_LETTERS))


def _write_blocks(text: str) -> Iterator[str]:
    """Paragraphs; the rows of a table, which end with two marks, as one block."""
    rows: list[list[str]] = []
    *ended, rest = text.split(_ROW_END)
    for part in ended:
        before, _, first = part.split(_CELL_END, 1)[0].rpartition("\r")
        if before.strip() and rows:
            yield _write_rows(rows)
            rows = []
        yield from map(_write_paragraph, before.split("\r"))
        rows.append([first, *part.split(_CELL_END)[1:]])
    yield _write_rows(rows)
    yield from (_write_paragraph(part) for part in rest.replace(_CELL_END, "\r").split("\r"))


def _write_rows(rows: list[list[str]]) -> str:
    width = max(map(len, rows), default=0)
    return write_table([[*row, *[""] * (width - len(row))] for row in rows])


def _write_paragraph(words: str) -> str:
    return escape_plain(words.strip())
