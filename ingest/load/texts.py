"""A text file's suffix and beginning to what kind of text it is."""

from __future__ import annotations

import re
from typing import Literal

import orjson

from ingest.load.code import LANGUAGES
from ingest.load.delimited import find_delimiter
from rag_core.errors import UnsupportedDocumentError

Kind = Literal[
    "markdown",
    "text",
    "html",
    "delimited",
    "pdf",
    "docx",
    "doc",
    "pptx",
    "workbook",
    "odt",
    "odp",
    "epub",
    "rtf",
    "eml",
    "msg",
    "json",
    "xml",
    "rst",
    "asciidoc",
    "code",
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
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".geojson": "json",
    ".ipynb": "json",
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
    ".rst": "rst",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    **dict.fromkeys(LANGUAGES, "code"),
}
_OPEN_SUFFIXES = ("", ".txt", ".text", ".log", ".dat")
"""Names, or none, that say little: what such a file holds decides."""
_MAY_BE_HTML = (
    *(*_OPEN_SUFFIXES, ".csv", ".tsv", ".tab", ".xml", ".json"),
    *(".php", ".asp", ".aspx", ".jsp", ".shtml", ".cgi"),
)
"""As saved pages and URLs have them; source code keeps its own kind."""
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*+-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_XML = re.compile(rb"\s*<\?xml\s")
_JSON = re.compile(rb"\s*[{\[]")
_MOST_PARSED = 16 << 20
_PROSE_KINDS = ("markdown", "html", "rst", "asciidoc", "code")
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
    named = TEXT_SUFFIXES.get(suffix, "text")
    if named not in _PROSE_KINDS and _ENTITY.match(head):
        raise UnsupportedDocumentError(
            f"{name!r} is XML that declares entities, which may hide an attack: "
            "save it with their values in their places"
        )
    if named in _PROSE_KINDS or suffix not in (*_OPEN_SUFFIXES, *TEXT_SUFFIXES):
        return named
    return _look_inside(named, content, head)


def _look_inside(named: Kind, content: bytes, head: bytes) -> Kind:
    """The kind that the name says, unless the content is surely of another."""
    held = _find_data_kind(content, head)
    if held is None or (held == "delimited" and named != "text"):
        return named
    return held


def _find_data_kind(content: bytes, head: bytes) -> Kind | None:
    """What a text that is no prose holds by its looks."""
    if _XML.match(head):
        return "xml"
    if _is_json(content, head):
        return "json"
    first = _MAIL_HEADER.match(head)
    if first and len(_MAIL_HEADER.findall(head.partition(b"\n\n")[0])) >= _LEAST_HEADERS:
        return "eml"
    return "delimited" if _is_table(head) else None


def _is_json(content: bytes, head: bytes) -> bool:
    """Whether it is one JSON value with parts, or begins with two lines of them."""
    if not _JSON.match(head):
        return False
    lines = head.split(b"\n", 2)
    if len(lines) > 1 and all(map(_parses, lines[:2])):
        return True
    return len(content) <= _MOST_PARSED and _parses(content.removeprefix(_BYTE_ORDER_MARK))


def _parses(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict | list)
    except ValueError:
        return False


def _is_table(head: bytes) -> bool:
    """Whether all full lines at the beginning have the same number of cells, at least three."""
    lines = head.decode("utf-8", "replace").split("\n")
    lines = [line for line in (lines if len(head) < _HEAD_BYTES else lines[:-1]) if line.strip()]
    if len(lines) < _LEAST_ROWS:
        return False
    delimiter, share = find_delimiter("\n".join(lines))
    return share == 1 and min(line.count(delimiter) for line in lines) >= _LEAST_CELLS - 1
