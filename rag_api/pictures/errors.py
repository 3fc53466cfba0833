"""Why there is no picture of a page, under the errors of `rag_core.errors`."""

from __future__ import annotations

from rag_core.errors import NotFoundError, RagError, UnavailableError


class PageNotFoundError(NotFoundError):
    """The document has no page of this number."""

    def __init__(self, page: int, pages: int) -> None:
        there_are = f"pages 1 to {pages:,}" if pages else "no pages"
        super().__init__(f"no page {page:,}: the document has {there_are}")


class NoPictureError(NotFoundError):
    """Pages of this document cannot be drawn, now or later."""


class OriginalGoneError(RagError):
    """The file that the document was read from is where it was no more."""


class OriginalChangedError(RagError):
    """There is another file now where the document was read from."""


class DrawingBusyError(UnavailableError):
    """More pictures are wanted than can be drawn soon."""
