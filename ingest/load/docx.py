"""Word's DOCX to a Document: headings, lists, tables and footnotes as Markdown, with its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from lxml import etree

from ingest.blocks import find_title
from ingest.load.archive import Archive
from ingest.load.docx_styles import NAMESPACE, Labels, Styles, attribute, child, read_number
from ingest.load.equations import EQUATION, read_equation
from ingest.load.markup import write_row
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PAGE_BREAK = "\f"
"""Marks a page's end while reading: XML cannot hold it, so it is never part of the text."""
_PLAIN_LABEL = re.compile(r"\d{1,3}[.)]$")
_LOOKS_LIKE_HEADING = re.compile(r"#{1,6}\s")
_MOST_COLUMNS = 63
"""Of a table in Word."""
_LONGEST_REPEATED = 80
"""Characters of a merged cell that each of its rows and columns shows."""


def _names(*names: str) -> frozenset[str]:
    return frozenset(NAMESPACE + name for name in names)


_PARAGRAPH, _TABLE = NAMESPACE + "p", NAMESPACE + "tbl"
_ROW, _CELL = NAMESPACE + "tr", NAMESPACE + "tc"
_BREAK = NAMESPACE + "br"
_NOTES = {NAMESPACE + "footnoteReference": "", NAMESPACE + "endnoteReference": "e"}
"""What their ids are preceded by: both kinds count from one."""
_SKIPPED = _names("del", "moveFrom", "delText", "instrText", "pPr", "rPr", "tblPr", "sectPr")
_LETTERS = {
    NAMESPACE + "t": "",
    NAMESPACE + "tab": " ",
    NAMESPACE + "cr": "\n",
    NAMESPACE + "noBreakHyphen": "-",
    NAMESPACE + "ptab": " ",
}
_NOT_RUNS = _SKIPPED | {_FALLBACK, _PARAGRAPH, _TABLE}
"""What no paragraph's own words are in: deleted ones, properties, blocks within it."""
_RENDERED_BREAK = NAMESPACE + "lastRenderedPageBreak"
_SIGNS = (*_NOTES, EQUATION)


def load_docx(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read a Word document; its title is that of its properties, or else its first heading.

    Raises:
        DocumentError: it is broken, hostile or empty.
    """
    archive = Archive(content, name=name)
    pages = _Reader(archive).read().split(_PAGE_BREAK)
    pages = [page.strip("\n") + "\n\n" for page in pages]
    text = normalise_text("".join(pages)).rstrip()
    require_text(text, name=name)
    starts = tuple(accumulate(map(len, pages[:-1]), initial=0)) if len(pages) > 1 else ()
    title = _read_title(archive) or find_title(text) or stem
    return Document(source, title, text, _MEDIA_TYPE, "markdown", starts)


def _read_title(archive: Archive) -> str:
    if "docProps/core.xml" not in archive.members:
        return ""
    return " ".join((archive.read_xml("docProps/core.xml").findtext(_TITLE) or "").split())


class _Reader:
    """Walks the body of one document; counts its lists as it goes."""

    def __init__(self, archive: Archive) -> None:
        self._root = archive.read_xml("word/document.xml")
        self._styles = Styles(_read_part(archive, "word/styles.xml"))
        self._labels = Labels(_read_part(archive, "word/numbering.xml"))
        self._notes = {
            "": _read_part(archive, "word/footnotes.xml"),
            "e": _read_part(archive, "word/endnotes.xml"),
        }
        self._rendered = next(self._root.iter(_RENDERED_BREAK), None) is not None

    def read(self) -> str:
        """The Markdown, with a form feed where a page ends."""
        return "".join(self._read_joined()) + "".join(self._read_notes())

    def _read_joined(self) -> Iterator[str]:
        """Items of a list follow line by line, all else after an empty line."""
        before = ""
        for block in self._read_blocks(self._root):
            listed = _is_item(before) and _is_item(block)
            yield "\n" if listed else "\n\n"
            yield block
            before = block

    def _read_blocks(self, parent: etree._Element) -> Iterator[str]:
        for element in parent:
            if element.tag == _PARAGRAPH:
                yield from self._read_paragraph(element)
            elif element.tag == _TABLE:
                yield self._read_table(element)
            elif element.tag not in _SKIPPED and element.tag != _FALLBACK:
                yield from self._read_blocks(element)

    def _read_paragraph(self, paragraph: etree._Element) -> Iterator[str]:
        properties = child(paragraph, "pPr")
        raw = "".join(self._read_runs(paragraph))
        if not self._rendered and child(properties, "pageBreakBefore") is not None:
            raw = _PAGE_BREAK + raw
        text = raw.replace(_PAGE_BREAK, "").strip()
        lead = len(raw) - len(raw.lstrip(_PAGE_BREAK + " \n"))
        yield from (_PAGE_BREAK for _ in range(raw[:lead].count(_PAGE_BREAK)))
        if text:
            yield self._mark(properties, raw[lead:].strip(" \n"), text)
        yield from self._read_text_boxes(paragraph)

    def _mark(self, properties: etree._Element | None, raw: str, text: str) -> str:
        """The paragraph as a heading, a list item or itself."""
        level = self._styles.find_heading_level(properties)
        numbering = self._styles.find_numbering(properties)
        label = self._labels.count(numbering) if numbering else ""
        if level:
            words = " ".join([label.rstrip("."), *text.split()]).strip()
            ends = _PAGE_BREAK * raw.count(_PAGE_BREAK)
            return f"{'#' * level} {words}{ends}"
        if numbering is None:
            return "\\" + raw if _LOOKS_LIKE_HEADING.match(raw) else raw
        mark = label if _PLAIN_LABEL.match(label) else f"- {label}".rstrip()
        return f"{'  ' * numbering.level}{mark} {raw}"

    def _read_runs(self, parent: etree._Element) -> Iterator[str]:
        """The words under an element, without what was deleted or is a block of its own."""
        for element in parent:
            tag = element.tag
            if tag in _LETTERS:
                yield _LETTERS[tag] or element.text or ""
            elif tag in (_BREAK, _RENDERED_BREAK):
                yield self._read_break(element)
            elif tag in _SIGNS:
                yield _read_sign(element)
            elif tag not in _NOT_RUNS:
                yield from self._read_runs(element)

    def _read_break(self, element: etree._Element) -> str:
        """Word writes where pages ended last; only without that do the author's breaks count."""
        if element.tag == _RENDERED_BREAK:
            return _PAGE_BREAK
        if attribute(element, "type") == "page":
            return "" if self._rendered else _PAGE_BREAK
        return "\n"

    def _read_text_boxes(self, paragraph: etree._Element) -> Iterator[str]:
        for box in paragraph.iter(NAMESPACE + "txbxContent"):
            shown = not any(above.tag == _FALLBACK for above in box.iterancestors())
            if shown and next(box.iterancestors(_PARAGRAPH)) is paragraph:
                yield from self._read_blocks(box)

    def _read_table(self, table: etree._Element) -> str:
        rows: list[list[str]] = []
        for row in _find(table, _ROW):
            rows.append(self._read_row(row, above=rows[-1] if rows else []))
        if len(rows) == 1 and len(rows[0]) == 1:
            return rows[0][0]
        width = max(map(len, rows), default=0)
        lines = [_write_row([*row, *[""] * (width - len(row))]) for row in rows]
        lines[1:1] = ["|" + " --- |" * width] if lines else []
        return "\n".join(lines)

    def _read_row(self, row: etree._Element, *, above: list[str]) -> list[str]:
        """A cell for each column of the table; a short merged one stands in each that it covers."""
        cells = [""] * _read_width(child(row, "trPr", "gridBefore"), default=0)
        found = list(_find(row, _CELL))
        for cell in found:
            span = _read_width(child(cell, "tcPr", "gridSpan"), default=1)
            merge = child(cell, "tcPr", "vMerge")
            if merge is None or attribute(merge) == "restart":
                words = "\n".join(self._read_blocks(cell))
            else:
                words = _repeat("".join(above[len(cells) : len(cells) + 1]))
            cells += [words, *[_repeat(words) if len(found) > 1 else ""] * (span - 1)]
        return cells

    def _read_notes(self) -> Iterator[str]:
        for mark, part in self._notes.items():
            for note in () if part is None else part:
                words = " ".join(" ".join(self._read_blocks(note)).split())
                if words and attribute(note, "type") is None:
                    yield f"\n\n[^{mark}{attribute(note, 'id')}]: {words}"


def _find(parent: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The rows or cells of one table, also inside content controls, not those of nested tables."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag not in (_ROW, _CELL, _TABLE) and element.tag not in _SKIPPED:
            yield from _find(element, tag)


def _read_sign(element: etree._Element) -> str:
    """An equation, or the number of a note."""
    if element.tag == EQUATION:
        return read_equation(element)
    return f"[^{_NOTES[element.tag]}{attribute(element, 'id')}]"


def _read_width(element: etree._Element | None, *, default: int) -> int:
    """Over how many columns something goes."""
    return min(read_number(attribute(element), default), _MOST_COLUMNS)


def _repeat(words: str) -> str:
    """What a merged cell shows where it goes on: all of it, if that is little."""
    words = words.replace(_PAGE_BREAK, "")
    return words if len(words) <= _LONGEST_REPEATED else ""


def _write_row(cells: list[str]) -> str:
    """One line of a Markdown table, after the page breaks that were inside of it."""
    ends = _PAGE_BREAK * sum(cell.count(_PAGE_BREAK) for cell in cells)
    return ends + write_row(cells)


def _is_item(block: str) -> bool:
    return re.match(r" *(?:- |\d{1,3}[.)] )", block) is not None


def _read_part(archive: Archive, member: str) -> etree._Element | None:
    return archive.read_xml(member) if member in archive.members else None
