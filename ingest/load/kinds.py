"""A file's name and first bytes to what kind it is."""

from __future__ import annotations

import re
from typing import Literal

from ingest.load.archive import Archive
from rag_core.errors import UnreadableDocumentError, UnsupportedDocumentError

Kind = Literal["markdown", "text", "html", "pdf", "docx"]

_SUFFIXES: dict[str, Kind] = {
    ".md": "markdown",
    ".mdx": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
_MAY_BE_HTML = ("", ".txt", ".php", ".asp", ".aspx", ".jsp", ".shtml", ".cgi")
"""Suffixes, or none, as saved pages and URLs have them; source code keeps its own kind."""
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*+-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENTITY = re.compile(rb"\s*<[?!].*<!ENTITY", re.DOTALL)
_HEAD_BYTES = 4096
_PDF_WITHIN = 1024
_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Office file"),
    (b"{\\rtf", "an RTF file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"(\xb5/\xfd", "a Zstandard file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"RIFF", "a recording, film or WebP image"),
    (b"%!PS", "a PostScript file"),
)
_ZIP_PARTS = (
    ("word/", "a Word file without its text"),
    ("xl/", "an Excel workbook"),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an EPUB book"),
    ("content.xml", "an OpenDocument file"),
)


def find_kind(suffix: str, content: bytes, *, name: str) -> Kind:
    """The kind that the content is of; among texts, the one that the suffix says.

    Raises:
        UnsupportedDocumentError: no loader reads it; names what it looks like.
        UnreadableDocumentError: it is not what its suffix says.
    """
    head = content[:_HEAD_BYTES].removeprefix(_BYTE_ORDER_MARK)
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _find_zip_kind(content, name)
    _refuse_foreign(head, name)
    named = _SUFFIXES.get(suffix.lower())
    if named in ("pdf", "docx"):
        raise UnreadableDocumentError(f"{name!r} is not the {suffix.lower()} file it is named")
    return named or _find_text_kind(suffix.lower(), head, name)


def _find_text_kind(suffix: str, head: bytes, name: str) -> Kind:
    if suffix in _MAY_BE_HTML and _HTML.match(head):
        return "html"
    if _ENTITY.match(head):
        raise UnsupportedDocumentError(f"{name!r} is XML that declares entities")
    return "text"


def _find_zip_kind(content: bytes, name: str) -> Kind:
    members = Archive(content, name=name).members
    if "word/document.xml" in members:
        return "docx"
    for part, looks_like in _ZIP_PARTS:
        if any(member.startswith(part) for member in members):
            raise UnsupportedDocumentError(f"{name!r} is {looks_like}: no loader reads it")
    raise UnsupportedDocumentError(f"{name!r} is a zip archive: no loader reads it")


def _refuse_foreign(head: bytes, name: str) -> None:
    for signature, looks_like in _SIGNATURES:
        printable = signature.isascii() and signature.isalnum()
        if head.startswith(signature) and not (printable and b"\0" not in head):
            raise UnsupportedDocumentError(f"{name!r} is {looks_like}: no loader reads it")
