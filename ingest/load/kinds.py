"""A file's name and first bytes to what kind it is."""

from __future__ import annotations

import io
import struct

import olefile

from ingest.load.archive import Archive
from ingest.load.texts import Kind, find_text_kind
from rag_core.errors import UnreadableDocumentError, UnsupportedDocumentError

BINARY_SUFFIXES = (
    *(".pdf", ".doc", ".docx", ".docm", ".dotx", ".pptx", ".pptm", ".ppsx"),
    *(".xlsx", ".xlsm", ".xltx", ".xlsb", ".xls"),
    *(".odt", ".odp", ".ods", ".odg", ".epub", ".rtf", ".msg"),
)
_EXPORTED = (".doc", ".xls")
"""Web applications name pages and tables of text so, for Office to open them."""
_NAMES: dict[Kind, str] = {
    "html": "a web page",
    "xml": "XML",
    "json": "JSON",
    "eml": "a message",
    "delimited": "a table of text",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES = 4096
_PDF_WITHIN = 1024
_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
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
_ZIP_KINDS: tuple[tuple[str, Kind], ...] = (
    ("word/document.xml", "docx"),
    ("xl/workbook.xml", "workbook"),
    ("xl/workbook.bin", "workbook"),
    ("ppt/presentation.xml", "pptx"),
    ("META-INF/container.xml", "epub"),
)
_ODF_KINDS: dict[str, Kind] = {
    "spreadsheet": "workbook",
    "text": "odt",
    "presentation": "odp",
    "graphics": "odp",
}
_ZIP_PARTS = (
    ("word/", "a Word file without its text"),
    ("xl/", "an Excel workbook without its sheets"),
    ("ppt/", "a PowerPoint presentation without its slides"),
    ("content.xml", "an OpenDocument file of another kind than text, sheets and slides"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS: tuple[tuple[str, Kind], ...] = (
    ("Workbook", "workbook"),
    ("Book", "workbook"),
    ("__properties_version1.0", "msg"),
    ("WordDocument", "doc"),
)
_OLE_STREAMS = (
    ("EncryptedPackage", "an Office file that is encrypted with a password"),
    ("PowerPoint Document", "an old PowerPoint file: save it as PPTX"),
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
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if head.startswith(_OLE):
        return _find_ole_kind(content, name)
    _refuse_foreign(head, name)
    if suffix.lower() in BINARY_SUFFIXES:
        return _find_misnamed_kind(suffix.lower(), content, name)
    return find_text_kind(suffix.lower(), content, name=name)


def _find_misnamed_kind(suffix: str, content: bytes, name: str) -> Kind:
    kind = find_text_kind("", content, name=name)
    if suffix in _EXPORTED and kind in ("html", "xml", "delimited"):
        return kind
    held = f", it holds {_NAMES[kind]}: rename it to have that read" if kind in _NAMES else ""
    raise UnreadableDocumentError(f"{name!r} is not the {suffix} file it is named{held}")


def _find_zip_kind(content: bytes, name: str) -> Kind:
    archive = Archive(content, name=name)
    kinds = (kind for part, kind in _ZIP_KINDS if part in archive.members)
    kind = next(kinds, None) or _find_odf_kind(archive)
    if kind is not None:
        return kind
    for part, looks_like in _ZIP_PARTS:
        if any(member.startswith(part) for member in archive.members):
            raise UnsupportedDocumentError(f"{name!r} is {looks_like}: no loader reads it")
    raise UnsupportedDocumentError(f"{name!r} is a zip archive: no loader reads it")


def _find_odf_kind(archive: Archive) -> Kind | None:
    if "content.xml" not in archive.members or "mimetype" not in archive.members:
        return None
    media_type = archive.read("mimetype").decode("ascii", "replace").strip()
    return _ODF_KINDS.get(media_type.rpartition(".")[2].removesuffix("-template"))


def _find_ole_kind(content: bytes, name: str) -> Kind:
    """Old Office files and Outlook messages are all folders of streams, which tell them apart."""
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            streams = {str(path[0]) for path in container.listdir()}
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise UnreadableDocumentError(f"{name!r} is a broken Office file: {error}") from error
    for stream, looks_like in _OLE_STREAMS:
        if stream in streams:
            raise UnsupportedDocumentError(f"{name!r} is {looks_like}")
    for stream, kind in _OLE_KINDS:
        if stream in streams:
            return kind
    raise UnsupportedDocumentError(f"{name!r} is an old Office file that no loader reads")


def _refuse_foreign(head: bytes, name: str) -> None:
    for signature, looks_like in _SIGNATURES:
        printable = signature.isascii() and signature.isalnum()
        if head.startswith(signature) and not (printable and b"\0" not in head):
            raise UnsupportedDocumentError(f"{name!r} is {looks_like}: no loader reads it")
