"""PowerPoint's PPTX to a Document: slides as pages, titles as headings, lists, tables and notes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, groupby

from lxml import etree

from ingest.blocks import find_title
from ingest.load.archive import Archive, Relation
from ingest.load.charts import read_chart
from ingest.load.markup import escape_plain, write_table
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_PRESENTATION = "ppt/presentation.xml"
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAIN = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PARAGRAPHS = "./{*}txBody/" + _MAIN + "p"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLES = ("title", "ctrTitle")
_AROUND = ("sldNum", "dt", "ftr", "hdr", "sldImg")
"""Placeholders that say the same on every slide."""
_LISTS = ("", "body", "obj")
"""Placeholders whose paragraphs have bullets unless they say otherwise."""
_GENERATED = "description automatically generated"
_BULLETS = ("buNone", "buAutoNum", "buChar")
_LEVELS = "012345678"
_LINE = 457_200
"""Half an inch: shapes that begin this close stand side by side."""


def load_pptx(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read every slide, hidden ones too; its title is that of the properties or the first slide.

    Raises:
        DocumentError: it is broken, hostile or empty.
    """
    archive = Archive(content, name=name)
    relations = archive.read_relations(_PRESENTATION)
    places = archive.read_xml(_PRESENTATION).iter("{*}sldId")
    parts = [relations.get(place.get(_RELATION + "id", "")) for place in places]
    slides = [
        _Slide(archive, part.part).read(number) + "\n\n"
        for number, part in enumerate(filter(None, parts), 1)
    ]
    text = normalise_text("".join(slides)).rstrip()
    require_text(text, name=name)
    starts = tuple(accumulate(map(len, slides[:-1]), initial=0))
    title = _read_title(archive) or find_title(text) or stem
    return Document(source, title, text, _MEDIA_TYPE, "markdown", starts)


def _read_title(archive: Archive) -> str:
    """That of the properties, unless it is the one that the program gives."""
    if _CORE not in archive.members:
        return ""
    title = " ".join((archive.read_xml(_CORE).findtext(_TITLE) or "").split())
    return "" if title.lower().startswith("powerpoint presentation") else title


class _Slide:
    """One slide on its way to Markdown."""

    def __init__(self, archive: Archive, part: str) -> None:
        self._archive = archive
        self._root = archive.read_xml(part)
        self._relations = archive.read_relations(part)

    def read(self, number: int) -> str:
        """Its title or number first, then its shapes from top to bottom, then its notes."""
        shapes = sorted(_find_shapes(self._root), key=_find_place)
        shapes.sort(key=lambda shape: _find_role(shape) not in _TITLES)
        blocks = [block for shape in shapes for block in self._read_shape(shape)]
        blocks += self._read_notes()
        if blocks and not blocks[0].startswith("# "):
            blocks.insert(0, f"# Slide {number}")  # or it would stand under the slide before it
        return "\n\n".join(blocks)

    def _read_shape(self, shape: etree._Element) -> Iterator[str]:
        role = _find_role(shape)
        if role in _AROUND:
            return
        if role in _TITLES:
            words = " ".join(" ".join(_read_words(shape)).split())
            yield from [f"# {words}"] if words else []
            return
        yield from _read_paragraphs(shape, listed=role in _LISTS)
        for table in shape.iter(_MAIN + "tbl"):
            yield _read_table(table)
        yield from self._read_referred(shape)
        yield from _read_description(shape)

    def _read_referred(self, shape: etree._Element) -> Iterator[str]:
        """The chart or the diagram that a frame shows, which are parts of their own."""
        names = (
            element.get(_RELATION + attribute, "")
            for element in shape.iter("{*}chart", "{*}relIds")
            for attribute in ("id", "dm")
        )
        for name in names:
            relation = self._relations.get(name)
            if relation is not None and relation.part in self._archive.members:
                yield from self._read_part(relation)

    def _read_part(self, relation: Relation) -> Iterator[str]:
        root = self._archive.read_xml(relation.part)
        if relation.kind == "chart":
            yield from read_chart(root)
        else:
            words = (" ".join(_read_words(point)) for point in root.iter("{*}pt"))
            yield "\n".join(f"- {' '.join(point.split())}" for point in words if point.strip())

    def _read_notes(self) -> Iterator[str]:
        notes = (
            self._archive.read_xml(relation.part)
            for relation in self._relations.values()
            if relation.kind == "notesSlide" and relation.part in self._archive.members
        )
        for shape in (shape for root in notes for shape in _find_shapes(root)):
            words = "\n\n".join(_read_paragraphs(shape, listed=False))
            if words and _find_role(shape) == "body":
                yield f"Notes: {words}"


def _find_shapes(parent: etree._Element) -> Iterator[etree._Element]:
    """Shapes, frames and pictures, also those in groups; of alternatives the first."""
    for element in parent:
        if not isinstance(element.tag, str) or element.tag == _FALLBACK:
            continue
        name = etree.QName(element).localname
        if name in ("sp", "graphicFrame", "pic", "cxnSp"):
            yield element
        elif name in ("cSld", "spTree", "grpSp", "AlternateContent", "Choice"):
            yield from _find_shapes(element)


def _find_role(shape: etree._Element) -> str | None:
    """The type of a placeholder, which may be empty; None for shapes that are none."""
    placeholder = shape.find("./{*}nvSpPr/{*}nvPr/{*}ph")
    return None if placeholder is None else placeholder.get("type", "")


def _find_place(shape: etree._Element) -> tuple[int, int]:
    """Line and distance from the left; placeholders that sit where the layout says come first."""
    offset = next(shape.iter(_MAIN + "off"), None)
    if offset is None:
        return 0, 0
    try:
        return int(offset.get("y", "0")) // _LINE, int(offset.get("x", "0"))
    except ValueError:
        return 0, 0


def _read_words(parent: etree._Element) -> Iterator[str]:
    """Each paragraph under an element, line breaks as spaces."""
    for paragraph in parent.iter(_MAIN + "p"):
        yield _join_runs(paragraph)


def _read_paragraphs(shape: etree._Element, *, listed: bool) -> Iterator[str]:
    """The paragraphs of a shape's own text; the items of a list as one block."""
    for has_mark, lines in groupby(
        _mark_lines(shape, listed=listed), key=lambda line: line[0] != ""
    ):
        if has_mark:
            yield "\n".join(
                f"{mark.format(at)} {words}" for at, (mark, words) in enumerate(lines, 1)
            )
        else:
            yield from (escape_plain(words) for _, words in lines)


def _mark_lines(shape: etree._Element, *, listed: bool) -> list[tuple[str, str]]:
    """Each paragraph that has words, after what it begins with as item of a list, if it is one."""
    paragraphs = [(each, _join_runs(each).strip()) for each in shape.iterfind(_PARAGRAPHS)]
    paragraphs = [(each, words) for each, words in paragraphs if words]
    listed = listed and len(paragraphs) > 1
    return [(_find_mark(each, listed=listed), words) for each, words in paragraphs]


def _join_runs(paragraph: etree._Element) -> str:
    pieces = paragraph.iter(_MAIN + "t", _MAIN + "br", _MAIN + "tab")
    return "".join(piece.text or "" if piece.tag == _MAIN + "t" else " " for piece in pieces)


def _find_mark(paragraph: etree._Element, *, listed: bool) -> str:
    """What an item of a list begins with, `{}` for its number; empty for what is no item."""
    kinds = {etree.QName(child).localname for child in paragraph.iterfind(_MAIN + "pPr/*")}
    kind = next((each for each in _BULLETS if each in kinds), "buChar" if listed else "buNone")
    if kind == "buNone":
        return ""
    level = next((each.get("lvl", "0") for each in paragraph.iterfind(_MAIN + "pPr")), "0")
    indent = "  " * (int(level) if level in _LEVELS else 0)
    return indent + ("{}." if kind == "buAutoNum" else "-")


def _read_table(table: etree._Element) -> str:
    """Its rows; what merged cells show stands in each of them."""
    rows: list[list[str]] = []
    for line in table.iter(_MAIN + "tr"):
        row: list[str] = []
        for cell in line.iter(_MAIN + "tc"):
            if cell.get("hMerge") and row:
                row.append(row[-1])
            elif cell.get("vMerge") and rows and len(row) < len(rows[-1]):
                row.append(rows[-1][len(row)])
            else:
                row.append(" ".join(_read_words(cell)))
        rows.append(row)
    return write_table(rows)


def _read_description(shape: etree._Element) -> Iterator[str]:
    """What the author says that a picture or frame shows."""
    for properties in shape.iterfind("./*/{*}cNvPr"):
        words = " ".join(properties.get("descr", "").split())
        if words and _GENERATED not in words.lower():
            yield escape_plain(words)
