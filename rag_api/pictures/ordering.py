"""A request for a page → the order for its picture, with the text of just that page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_api.library import Library
from rag_api.pictures.errors import NoPictureError, PageNotFoundError
from rag_api.pictures.order import Order
from rag_core.catalog.originals import PDF, Original
from rag_core.errors import DocumentNotFoundError, InvalidRequestError

MOST_RANGES = 32
_MOST_CHARACTERS = 1_000_000
"""Of the text of a page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a document is to be drawn, and how."""

    document_id: str
    page: int
    """From 1."""
    ranges: Sequence[tuple[int, int]]
    """To be marked, in the text of the whole document."""
    width: int
    """In pixels."""


async def make_order(library: Library, original: Original, wanted: Wanted) -> Order:
    """Read the text of a page, and count the ranges from its beginning.

    Raises:
        DocumentNotFoundError: the document was removed a moment ago.
        InvalidRequestError: a range is empty, or nothing of it is on this page.
        NoPictureError: the document is no PDF.
        PageNotFoundError: it has no such page.
    """
    if original.media_type != PDF:
        raise NoPictureError(
            f"{original.source!r} is {original.media_type}: only pages of PDFs have pictures"
        )
    start, most = _find_page(original.page_starts, wanted.page)
    (text,) = await library.read_stretches([(wanted.document_id, start, most)])
    if text is None:
        raise DocumentNotFoundError(wanted.document_id)
    return Order(
        content_hash=original.content_hash.hex(),
        size_bytes=original.size_bytes,
        page=wanted.page,
        text=text,
        ranges=tuple(_cut(one, start, start + len(text), wanted.page) for one in wanted.ranges),
        width=wanted.width,
    )


def _find_page(starts: Sequence[int], page: int) -> tuple[int, int]:
    """Where the text of a page begins, and where it ends at the latest."""
    if page > len(starts):
        raise PageNotFoundError(page, len(starts))
    most = starts[page - 1] + _MOST_CHARACTERS
    return starts[page - 1], min([most, *starts[page : page + 1]])


def _cut(given: tuple[int, int], start: int, end: int, page: int) -> tuple[int, int]:
    """What of a range is on the page, counted from its beginning."""
    first, last = max(given[0], start), min(given[1], end)
    if first >= last:
        raise InvalidRequestError(
            f"page {page:,} has the characters {start:,} to {end:,} of the document: nothing of "
            f"{given[0]:,} to {given[1]:,} stands there"
        )
    return first - start, last - start
