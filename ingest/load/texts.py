"""A text file's suffix and beginning to what kind of text it is."""

from __future__ import annotations

import re
from typing import Literal

from ingest.load.delimited import find_delimiter
from rag_core.errors import UnsupportedDocumentError

Kind = Literal[
    "markdown",
    "text",
    "html",
    "delimited",
    "pdf",
    "docx",
    "pptx",
    "workbook",
    "odt",
    "odp",
    "epub",
    "rtf",
    "eml",
    "msg",
]

TEXT_SUFFIXES: dict[str, Kind] = {
    ".md": "markdown",
    ".mdx": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".eml": "eml",
}
_OPEN_SUFFIXES = ("", ".txt", ".text", ".log", ".dat", ".csv", ".tsv", ".tab")
"""Names, or none, that say little: what such a file holds decides."""
_MAY_BE_HTML = (*_OPEN_SUFFIXES, ".php", ".asp", ".aspx", ".jsp", ".shtml", ".cgi")
"""As saved pages and URLs have them; source code keeps its own kind."""
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*+-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENTITY = re.compile(rb"\s*<[?!].*<!ENTITY", re.DOTALL)
_HEAD_BYTES = 4096
_MAIL_HEADER = re.compile(
    rb"^(?:from|to|subject|date|received|message-id|mime-version|return-path|delivered-to):[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_LEAST_HEADERS = 3
_LEAST_ROWS = 4
_LEAST_CELLS = 3


def find_text_kind(suffix: str, content: bytes, *, name: str) -> Kind:
    """The kind that the suffix says, in lower case, unless it says little or is contradicted.

    Raises:
        UnsupportedDocumentError: it is XML with entities, which may hide an attack.
    """
    head = content[:_HEAD_BYTES].removeprefix(_BYTE_ORDER_MARK)
    if suffix in _MAY_BE_HTML and _HTML.match(head):
        return "html"
    named = TEXT_SUFFIXES.get(suffix)
    if named is not None:
        return named
    if _ENTITY.match(head):
        raise UnsupportedDocumentError(f"{name!r} is XML that declares entities")
    return _find_open_kind(head) if suffix in _OPEN_SUFFIXES else "text"


def _find_open_kind(head: bytes) -> Kind:
    """What a file holds whose name says little."""
    start = _MAIL_HEADER.match(head)
    if start and len(_MAIL_HEADER.findall(head.partition(b"\n\n")[0])) >= _LEAST_HEADERS:
        return "eml"
    return "delimited" if _is_table(head) else "text"


def _is_table(head: bytes) -> bool:
    """Whether all full lines at the beginning have the same number of cells, at least three."""
    lines = head.decode("utf-8", "replace").split("\n")
    lines = [line for line in (lines if len(head) < _HEAD_BYTES else lines[:-1]) if line.strip()]
    if len(lines) < _LEAST_ROWS:
        return False
    delimiter, share = find_delimiter("\n".join(lines))
    return share == 1 and min(line.count(delimiter) for line in lines) >= _LEAST_CELLS - 1
