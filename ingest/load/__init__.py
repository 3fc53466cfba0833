"""A file to a Document, by the loader for what the file holds."""

from __future__ import annotations

from pathlib import Path

from ingest.load.delimited import load_delimited
from ingest.load.html import load_html
from ingest.load.kinds import find_kind
from ingest.load.markdown import load_markdown
from ingest.load.packages import PACKAGE_LOADERS
from ingest.load.text import load_text
from rag_core.documents import Document
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
)

MAX_FILE_BYTES = 512 << 20
"""No loader reads more; each has its own limit below this."""

_LOADERS = {
    **PACKAGE_LOADERS,
    "markdown": load_markdown,
    "html": load_html,
    "delimited": load_delimited,
}


def load_document(path: Path, *, source: str, content: bytes | None = None) -> Document:
    """Read a file, or its content when it is at hand; the path then only names it.

    Raises:
        DocumentError: it cannot be read; the branches say why, and no library's error passes.
    """
    if content is None:
        content = _read_file(path)
    name = path.name
    if not content:
        raise EmptyDocumentError(f"{name!r} is empty")
    kind = find_kind(path.suffix, content, name=name)
    if kind == "text":
        return load_text(content, source=source, name=name)
    try:
        return _LOADERS[kind](content, source=source, name=name, stem=path.stem)
    except DocumentError:
        raise
    except RecursionError as error:
        raise UnreadableDocumentError(f"{name!r} is nested too deeply") from error


def _read_file(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise OversizedDocumentError(
                f"{path.name!r} has {size >> 20} MiB, files may have {MAX_FILE_BYTES >> 20}"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocumentError(f"{str(path)!r} cannot be read: {error.strerror}") from error
