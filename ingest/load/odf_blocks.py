"""The content of an OpenDocument file to blocks of Markdown: headings, lists, tables, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from ingest.load.markup import escape_plain, write_table

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"

PAGE_BREAK = "\f"
"""Marks a page's end while reading: XML cannot hold it, so it is never part of the text."""

_PARAGRAPH, _HEADING, _LIST = TEXT + "p", TEXT + "h", TEXT + "list"
_ITEMS = (TEXT + "list-item", TEXT + "list-header")
_TABLE = TABLE + "table"
_ROW, _CELLS = TABLE + "table-row", (TABLE + "table-cell", TABLE + "covered-table-cell")
_NOTE, _CITATION, _NOTE_BODY = TEXT + "note", TEXT + "note-citation", TEXT + "note-body"
_PAGE_END = TEXT + "soft-page-break"
_SKIPPED = {
    *(TEXT + name for name in ("tracked-changes", "sequence-decls", "variable-decls")),
    *(TEXT + name for name in ("table-of-content", "user-field-decls")),
    *(OFFICE + name for name in ("annotation", "annotation-end", "forms", "event-listeners")),
    PRESENTATION + "notes",
}
_BLOCKS = (_PARAGRAPH, _HEADING, _LIST, _TABLE)
_FRAMES = (DRAW + "frame", DRAW + "custom-shape", DRAW + "g", DRAW + "text-box")
_LOWEST_LEVEL = 6
_DEEPEST_LIST = 10
_MOST_REPEATED = 100
_TITLE_STYLE = "Title"


class Blocks:
    """Reads the blocks below an element; keeps the notes, which stand at the end of a text."""

    def __init__(self, *roots: etree._Element) -> None:
        self.notes: list[str] = []
        self._numbered: set[tuple[str, int]] = set()
        self._titles = {_TITLE_STYLE}
        for root in roots:
            for level in root.iter(TEXT + "list-level-style-number"):
                name = level.getparent().get(STYLE + "name", "")
                self._numbered.add((name, _read_number(level.get(TEXT + "level"))))
            for style in root.iter(STYLE + "style"):
                if style.get(STYLE + "parent-style-name") == _TITLE_STYLE:
                    self._titles.add(style.get(STYLE + "name", ""))

    def read(self, parent: etree._Element) -> Iterator[str]:
        """The blocks below an element, in order; a page's end is a block of its own."""
        for element in parent:
            if element.tag in (_PARAGRAPH, _HEADING):
                yield from self._read_paragraph(element)
            elif element.tag == _LIST:
                yield from ["\n".join(self._read_list(element, "", 1))]
            elif element.tag == _TABLE:
                yield self._read_table(element)
            elif element.tag == _PAGE_END:
                yield PAGE_BREAK
            elif isinstance(element.tag, str) and element.tag not in _SKIPPED:
                yield from self.read(element)

    def _read_paragraph(self, paragraph: etree._Element) -> Iterator[str]:
        words = "".join(self._read_runs(paragraph))
        ends, words = words.count(PAGE_BREAK), words.replace(PAGE_BREAK, "").strip()
        if words and paragraph.tag == _HEADING:
            level = max(1, _read_number(paragraph.get(TEXT + "outline-level")))
            yield f"{'#' * min(level, _LOWEST_LEVEL)} {' '.join(words.split())}"
        elif words and paragraph.get(TEXT + "style-name") in self._titles:
            yield f"# {' '.join(words.split())}"
        elif words:
            yield escape_plain(words)
        yield from [PAGE_BREAK] * ends
        for frame in paragraph.iter(*_FRAMES):
            if next(frame.iterancestors(_PARAGRAPH, _HEADING, *_FRAMES)) is paragraph:
                yield from self.read(frame)

    def _read_runs(self, parent: etree._Element) -> Iterator[str]:
        """The words of a paragraph without those of blocks in it."""
        yield _flatten(parent.text)
        for element in parent:
            if element.tag == _NOTE:
                yield self._read_note(element)
            elif element.tag in _RUNS:
                yield _RUNS[element.tag] * min(_read_number(element.get(TEXT + "c"), 1), 8)
            elif element.tag not in _SKIPPED and element.tag not in (*_BLOCKS, *_FRAMES):
                yield from self._read_runs(element) if isinstance(element.tag, str) else ()
            yield _flatten(element.tail)

    def _read_note(self, note: etree._Element) -> str:
        """The mark of a note; its words are kept for the end."""
        mark = "".join("".join(each.itertext()) for each in note.iter(_CITATION)).strip() or "*"
        words = " ".join(" ".join(self.read(body)) for body in note.iter(_NOTE_BODY))
        self.notes.append(f"[^{mark}]: {' '.join(words.split())}")
        return f"[^{mark}]"

    def _read_list(self, listing: etree._Element, style: str, level: int) -> Iterator[str]:
        style = listing.get(TEXT + "style-name", style)
        number = 0
        for item in listing.iterchildren(*_ITEMS):
            first = True
            for child in item:
                if child.tag == _LIST:
                    deeper = min(level + 1, _DEEPEST_LIST)
                    yield from self._read_list(child, style, deeper)
                    continue
                words = " ".join(" ".join(self._read_item(child)).split())
                number += first
                mark = f"{number}." if (style, level) in self._numbered else "-"
                indent = "  " * (level - 1)
                yield from [f"{indent}{mark if first else ' '} {words}"] if words else []
                first = False

    def _read_item(self, child: etree._Element) -> Iterator[str]:
        words = child.tag in (_PARAGRAPH, _HEADING)
        parts = self._read_runs(child) if words else self.read(child)
        yield from (part.replace(PAGE_BREAK, "") for part in parts)

    def _read_table(self, table: etree._Element) -> str:
        """Its rows with the cells of tables inside of it; what merged cells show stands once."""
        own = [row for row in table.iter(_ROW) if next(row.iterancestors(_TABLE)) is table]
        rows = [
            [cell for each in row.iterchildren(*_CELLS) for cell in self._repeat(each)]
            for row in own
        ]
        width = max((place for row in rows for place, cell in enumerate(row, 1) if cell), default=0)
        return write_table([[*row[:width], *[""] * (width - len(row))] for row in rows if any(row)])

    def _repeat(self, cell: etree._Element) -> list[str]:
        words = " ".join(self.read(cell)).replace(PAGE_BREAK, "")
        times = _read_number(cell.get(TABLE + "number-columns-repeated"), 1)
        return [words] * min(max(times, 1), _MOST_REPEATED)


_RUNS = {
    TEXT + "s": " ",
    TEXT + "tab": " ",
    TEXT + "line-break": "\n",
    _PAGE_END: PAGE_BREAK,
}


def _flatten(words: str | None) -> str:
    """As programs show it: white space in the file is one space."""
    return re.sub(r"\s+", " ", words) if words else ""


def _read_number(value: str | None, default: int = 0) -> int:
    return int(value) if value is not None and value.isascii() and value.isdigit() else default
