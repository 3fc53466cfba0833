"""OpenDocument's texts and slides (ODT, ODP) to a Document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from lxml import etree

from ingest.blocks import find_title
from ingest.load.archive import Archive
from ingest.load.odf_blocks import DRAW, OFFICE, PAGE_BREAK, PRESENTATION, Blocks
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import UnreadableDocumentError

_TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
_MEDIA_TYPE = "application/vnd.oasis.opendocument."
_CLASS = PRESENTATION + "class"
_AROUND = ("header", "footer", "date-time", "page-number")


def load_odt(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read a text; it has pages only where the program left marks of them.

    Raises:
        DocumentError: it is broken, encrypted, hostile or empty.
    """
    archive, root = _open(content, name)
    blocks = _make_blocks(archive, root)
    body = next(root.iter(OFFICE + "text"), root)
    text = "\n\n".join(blocks.read(body)) + "".join(f"\n\n{note}" for note in blocks.notes)
    pages = [page.strip("\n") for page in text.split(PAGE_BREAK)]
    return _make_document(archive, pages, "text", source=source, name=name, stem=stem)


def load_odp(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read slides; each is a page under its title, or under its number.

    Raises:
        DocumentError: it is broken, encrypted, hostile or empty.
    """
    archive, root = _open(content, name)
    blocks = _make_blocks(archive, root)
    slides = [
        "\n\n".join(_read_slide(blocks, page, number))
        for number, page in enumerate(root.iter(DRAW + "page"), 1)
    ]
    return _make_document(archive, slides, "presentation", source=source, name=name, stem=stem)


def _open(content: bytes, name: str) -> tuple[Archive, etree._Element]:
    archive = Archive(content, name=name)
    manifest = "META-INF/manifest.xml"
    if manifest in archive.members and b"encryption-data" in archive.read(manifest):
        raise UnreadableDocumentError(f"{name!r} is encrypted: it opens only with a password")
    return archive, archive.read_xml("content.xml")


def _make_blocks(archive: Archive, root: etree._Element) -> Blocks:
    styles = [archive.read_xml("styles.xml")] if "styles.xml" in archive.members else []
    return Blocks(root, *styles)


def _read_slide(blocks: Blocks, page: etree._Element, number: int) -> list[str]:
    titles: list[str] = []
    others: list[str] = []
    for shape in page:
        role = shape.get(_CLASS)
        if role not in _AROUND:
            (titles if role == "title" else others).extend(_read_shape(blocks, shape))
    title = " ".join(" ".join(titles).split()) or f"Slide {number}"
    return [f"# {title}", *others] if titles or others else []


def _read_shape(blocks: Blocks, shape: etree._Element) -> Iterator[str]:
    if shape.tag != PRESENTATION + "notes":
        yield from blocks.read(shape)
        return
    notes = [block for child in shape for block in blocks.read(child)]
    if notes:
        yield "Notes: " + "\n\n".join(notes)


def _make_document(
    archive: Archive, pages: list[str], kind: str, *, source: str, name: str, stem: str
) -> Document:
    pages = [normalise_text(page) + "\n\n" for page in pages]
    text = "".join(pages).rstrip()
    require_text(text, name=name)
    starts = tuple(accumulate(map(len, pages[:-1]), initial=0)) if len(pages) > 1 else ()
    title = ""
    if "meta.xml" in archive.members:
        title = " ".join((archive.read_xml("meta.xml").findtext(_TITLE) or "").split())
    return Document(
        source, title or find_title(text) or stem, text, _MEDIA_TYPE + kind, "markdown", starts
    )
