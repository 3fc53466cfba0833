"""XML to a Document: titles as headings, texts as paragraphs, short values beside their names."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from ingest.blocks import find_title
from ingest.load.html import convert_page
from ingest.load.markup import escape_plain, join_lines, lower_headings
from ingest.load.text import MAX_TEXT_BYTES, load_text, normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import OversizedDocumentError, UnsupportedDocumentError

_TITLES = ("title", "name", "head", "heading", "label")
_HTML = re.compile(
    r"</?(?:p|br|div|a|ul|li|b|i|em|strong|h[1-6]|span|table)\b[^>]{0,500}>", re.IGNORECASE
)
_LONGEST_VALUE = 100
_LOWEST_LEVEL = 6


def load_xml(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read any XML; what is not well-formed is read as plain text, with a warning.

    Raises:
        OversizedDocumentError: it is larger than MAX_TEXT_BYTES.
        UnsupportedDocumentError: it declares entities, which may hide an attack.
    """
    if len(content) > MAX_TEXT_BYTES:
        raise OversizedDocumentError(
            f"{name!r} has {len(content) >> 20} MiB, texts may have {MAX_TEXT_BYTES >> 20}"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        document = load_text(content, source=source, name=name)
        reason = f"no well-formed XML, so read as plain text: {error}"
        return replace(document, warnings=(*document.warnings, reason))
    _refuse_entities(root, name)
    text = normalise_text(join_lines(_Walk().walk(root, "", 0)))
    require_text(text, name=name)
    return Document(source, find_title(text) or stem, text, "application/xml", "markdown")


def _refuse_entities(root: etree._Element, name: str) -> None:
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and next(iter(subset.iterentities()), None) is not None:
        raise UnsupportedDocumentError(
            f"{name!r} is XML that declares entities, which may hide an attack: "
            "save it with their values in their places"
        )


class _Walk:
    """Writes the blocks of elements in order; a line begins with `- `."""

    def walk(self, element: etree._Element, path: str, level: int) -> Iterator[str]:
        """The blocks of an element, with the names that lead to it from the heading above."""
        children = [child for child in element if isinstance(child.tag, str)]
        if not children or _is_mixed(element):
            yield from _write_leaf(element, path, level)
            return
        title = next((child for child in children if _is_title(child)), None)
        if title is not None:
            level, path = min(level + 1, _LOWEST_LEVEL), ""
            yield f"{'#' * level} {_read(title)}"
        yield from _write_attributes(element, path)
        yield from self._walk_children(
            [child for child in children if child is not title], path, level
        )

    def _walk_children(
        self, children: list[etree._Element], path: str, level: int
    ) -> Iterator[str]:
        """Children that repeat and have no titles are told apart by their numbers."""
        counts = Counter(child.tag for child in children if len(child))
        numbers: Counter[str] = Counter()
        for child in children:
            local = etree.QName(child).localname
            numbers[child.tag] += 1
            repeats = counts[child.tag] > 1 and len(child) and not _is_mixed(child)
            if repeats and not any(map(_is_title, child)):
                yield f"{'#' * min(level + 1, _LOWEST_LEVEL)} {local} {numbers[child.tag]}"
                yield from self.walk(child, "", min(level + 1, _LOWEST_LEVEL))
            else:
                yield from self.walk(child, f"{path}.{local}" if path else local, level)


def _is_title(element: etree._Element) -> bool:
    if not isinstance(element.tag, str) or etree.QName(element).localname.lower() not in _TITLES:
        return False
    return 0 < len(_read(element)) <= 2 * _LONGEST_VALUE


def _is_mixed(element: etree._Element) -> bool:
    """Whether words stand between the elements in it: it is prose."""
    between = [element.text, *(child.tail for child in element)]
    return len(element) > 0 and any(words and not words.isspace() for words in between)


def _read(element: etree._Element) -> str:
    """All words in an element on one line; entities of HTML are read, others kept."""
    pieces = [element.text or ""]
    for child in element.iterdescendants():
        if child.tag is etree.Entity:
            pieces.append(html.unescape(str(child.text)))
        elif isinstance(child.tag, str):
            pieces.append(child.text or "")
        pieces.append(child.tail or "")
    return " ".join("".join(pieces).split())


def _write_leaf(element: etree._Element, path: str, level: int) -> Iterator[str]:
    words = _read(element)
    if len(element) == 0 and _HTML.search(words):
        page, _ = convert_page(element.text or "", "a value")
        yield lower_headings(page.strip(), level)
    elif len(words) > _LONGEST_VALUE or _is_mixed(element):
        yield escape_plain(words)
    else:
        yield _write_line(element, path, words)
        return
    yield from _write_attributes(element, path)


def _write_line(element: etree._Element, path: str, words: str) -> str:
    """A short value after its name and attributes; nothing when it has neither."""
    values = ", ".join(f"{key}: {value}" for key, value in _read_attributes(element))
    label = f"{path} ({values})" if values else path
    parts = [label, words] if words else [label] * bool(values)
    return f"- {': '.join(filter(None, parts))}" if parts else ""


def _write_attributes(element: etree._Element, path: str) -> Iterator[str]:
    for key, value in _read_attributes(element):
        yield f"- {path}.{key}: {value}" if path else f"- {key}: {value}"


def _read_attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        words = " ".join(str(value).split())
        if words:
            yield etree.QName(str(key)).localname, words
