"""A page of a PDF → a PNG of it, with ranges of its text marked as by a yellow pen."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import pypdfium2
from pypdfium2 import raw

from rag_api.pictures.matching import Matched, Range, match_ranges

_MAX_PIXELS = 6_000_000
"""Of a picture, however large it is wanted: 18 MB before it is packed."""
_MAX_SIDE = 10_000
_MOST_CHARACTERS = 200_000
"""Of a page on which words are looked for."""
_YELLOW = (255, 226, 60, 255)
_MARGIN = 0.15
"""Around a mark, of its height: the boxes of letters are tight."""
_PNG = b"\x89PNG\r\n\x1a\n"
_RGB, _BITS = 2, 8
_PACKING = 6
"""Of zlib's levels: a median of 252 KB a page in 36 ms; a filter of lines made text larger."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in the units of the page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a picture."""

    png: bytes
    matched: Matched


def draw_page(
    page: pypdfium2.PdfPage, *, text: str, ranges: Sequence[Range], width: int
) -> Picture:
    """Draw a page with these ranges of its text marked; as wide as wanted, in pixels, or less.

    `text` is that of the page as the document has it; the ranges count in it.
    """
    text_page = page.get_textpage()
    matched = match_ranges(text, ranges, _read_characters(text_page))
    _mark(page, [box for one in matched.ranges for box in _find_boxes(text_page, *one)])
    bitmap = page.render(
        scale=_find_scale(page.get_size(), width), rev_byteorder=True, prefer_bgrx=False
    )
    return Picture(_pack(bitmap), matched)


def _read_characters(text_page: pypdfium2.PdfTextPage) -> str:
    """The characters of a page, each where pdfium counts it; it may count half characters."""
    count = text_page.count_chars()
    if count > _MOST_CHARACTERS:
        return ""
    return "".join(chr(raw.FPDFText_GetUnicode(text_page, place)) for place in range(count))


def _find_boxes(text_page: pypdfium2.PdfTextPage, first: int, last: int) -> Iterator[Box]:
    """Around the characters of a range, one box for each line."""
    for number in range(text_page.count_rects(first, last - first)):
        left, bottom, right, top = text_page.get_rect(number)
        margin = _MARGIN * min(right - left, top - bottom)
        yield left - margin, bottom - margin, right + margin, top + margin


def _mark(page: pypdfium2.PdfPage, boxes: Iterable[Box]) -> None:
    """Put marks into the page: where it is turned or cut, they are, too.

    As one path: what two boxes share is no darker for it.
    """
    path = raw.FPDFPageObj_CreateNewPath(0, 0)
    for left, bottom, right, top in boxes:
        raw.FPDFPath_MoveTo(path, left, bottom)
        for corner in ((right, bottom), (right, top), (left, top)):
            raw.FPDFPath_LineTo(path, *corner)
        raw.FPDFPath_Close(path)
    raw.FPDFPath_SetDrawMode(path, raw.FPDF_FILLMODE_WINDING, 0)
    raw.FPDFPageObj_SetFillColor(path, *_YELLOW)
    raw.FPDFPageObj_SetBlendMode(path, b"Multiply")
    raw.FPDFPage_InsertObject(page, path)


def _find_scale(size: tuple[float, float], width: int) -> float:
    """Pixels for a unit of a page of this width and height."""
    page_width, page_height = size
    return min(
        width / page_width,
        _MAX_SIDE / max(page_width, page_height),
        sqrt(_MAX_PIXELS / (page_width * page_height)),
    )


def _pack(bitmap: pypdfium2.PdfBitmap) -> bytes:
    """Write a bitmap of red, green and blue as PNG."""
    pixels, length = memoryview(bitmap.buffer).cast("B"), 3 * bitmap.width
    starts = range(0, bitmap.stride * bitmap.height, bitmap.stride)
    lines = b"".join(b"\0" + pixels[start : start + length] for start in starts)
    head = struct.pack(">IIBBBBB", bitmap.width, bitmap.height, _BITS, _RGB, 0, 0, 0)
    body = zlib.compress(lines, _PACKING)
    return _PNG + _part(b"IHDR", head) + _part(b"IDAT", body) + _part(b"IEND", b"")


def _part(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
