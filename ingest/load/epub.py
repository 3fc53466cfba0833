"""EPUB books to a Document: their chapters in reading order, after who wrote them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from ingest.blocks import find_title
from ingest.load.archive import Archive
from ingest.load.html import convert_page
from ingest.load.markup import escape_plain
from ingest.load.text import decode_text, require_text
from rag_core.documents import Document
from rag_core.errors import DocumentError, UnreadableDocumentError

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_CORE = "{http://purl.org/dc/elements/1.1/}"
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})</title>", re.IGNORECASE)
_HEAD_CHARACTERS = 4096


def load_epub(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read a book; chapters that cannot be read are warnings.

    Raises:
        DocumentError: it is broken, encrypted, hostile or empty.
    """
    archive = Archive(content, name=name)
    package, folder = _read_package(archive, name)
    title = _read_core(package, "title")[:1]
    authors = ", ".join(_read_core(package, "creator"))
    about = [f"Authors: {authors}"] if authors else []
    about += map(escape_plain, _read_core(package, "description"))
    chapters, warnings = _read_chapters(archive, package, folder, name)
    if not chapters and _ENCRYPTION in archive.members:
        raise UnreadableDocumentError(f"{name!r} is encrypted: its chapters cannot be read")
    if not chapters:
        require_text("", name=name)
    text = "\n\n".join([*about, *chapters])
    book = "".join(title) or find_title(text) or stem
    return Document(source, book, text, "application/epub+zip", "markdown", warnings=warnings)


def _read_package(archive: Archive, name: str) -> tuple[etree._Element, str]:
    """The book's list of contents, and the folder that its paths start from."""
    roots = archive.read_xml(_CONTAINER).iter("{*}rootfile")
    path = next((root.get("full-path", "") for root in roots), "")
    if path not in archive.members:
        raise UnreadableDocumentError(f"{name!r} is a broken book: it has no part {path!r}")
    return archive.read_xml(path), posixpath.dirname(path)


def _read_core(package: etree._Element, kind: str) -> list[str]:
    values = (" ".join("".join(each.itertext()).split()) for each in package.iter(_CORE + kind))
    return [re.sub(r"<[^>]{1,200}>", "", value) for value in values if value]


def _read_chapters(
    archive: Archive, package: etree._Element, folder: str, name: str
) -> tuple[list[str], tuple[str, ...]]:
    chapters: list[str] = []
    warnings: list[str] = []
    for part in _find_parts(package, folder):
        try:
            text = _read_chapter(archive.read(part), name=f"{name}/{part}")
        except DocumentError as error:
            warnings.append(f"a chapter was left out: {error}")
        else:
            chapters += [text] if text else []
    return chapters, tuple(warnings)


def _find_parts(package: etree._Element, folder: str) -> Iterator[str]:
    """The parts of the spine; a table of contents only repeats headings."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and "nav" not in item.get("properties", "").split():
            path = unquote(item.get("href", "").partition("#")[0])
            yield posixpath.normpath(posixpath.join(folder, path))


def _read_chapter(content: bytes, *, name: str) -> str:
    """Its Markdown; one without a heading gets that of its page's head."""
    page, _ = decode_text(content, name=name)
    text, _ = convert_page(page, name, asides=True)
    title = _TITLE.search(page[:_HEAD_CHARACTERS])
    if text and title and not find_title(text):
        return f"# {' '.join(title[1].split())}\n\n{text}"
    return text
