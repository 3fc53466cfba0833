"""PDF to a Document: each page as Markdown, by its layout; by OCR where it is scanned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate

import pypdfium2
from liteparse import LiteParse, ParseError, ParseResult

from ingest.blocks import find_title
from ingest.load.text import normalise_text
from ingest.ocr import MAX_PAGES, Tessdata, find_tessdata
from rag_core.documents import Document
from rag_core.errors import (
    EmptyDocumentError,
    EncryptedDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
)

MAX_PDF_BYTES = 512 << 20

_KEPT_SHARE = 0.7
"""A page's Markdown leaves out running heads; below this share of its characters, text is lost."""
_PAGE_GAP = "\n\n"
_LONE_CODE = re.compile(r"\n\n```\n(?P<line>[^\n]+)\n```(?:\n\n|\Z)")
_NO_PROSE = ("#", "|", "`", "---")
"""What a heading, a table, code and a rule begin with."""
_ENDS_PROSE = (".", "!", "?", ":", "*")
_MOST_SHOWN = 10
_USELESS_TITLES = ("untitled", "(anonymous)", "unknown", "(unspecified)")
_APPLICATION_TITLE = "Microsoft Word - "


def load_pdf(
    content: bytes, *, source: str, name: str, stem: str, passwords: Sequence[str] = ()
) -> Document:
    """Read a PDF; its title is that of its metadata, or else its first heading.

    The passwords are tried in turn when it does not open without.

    Raises:
        OversizedDocumentError: it is larger than MAX_PDF_BYTES.
        UnreadableDocumentError: it is broken.
        EncryptedDocumentError: it is encrypted and no password opens it.
        EmptyDocumentError: it has no text, and OCR is not installed or finds none.
    """
    if len(content) > MAX_PDF_BYTES:
        raise OversizedDocumentError(
            f"{name!r} has {len(content) >> 20} MiB, PDF files may have {MAX_PDF_BYTES >> 20}"
        )
    password = _find_password(content, passwords)
    title, pages = _read_pages(content, name, password)
    if any(pages):
        pages, read = _fill_in(content, name, password, pages)
        warnings = (*_warn_of_ocr(read, len(pages)), *_warn(pages))
    else:
        pages = _read_scan(content, name, password, count=len(pages))
        warnings = ("its pages are scanned: read by OCR, which makes mistakes", *_warn(pages))
    text = _PAGE_GAP.join(pages)
    starts = accumulate((len(page) + len(_PAGE_GAP) for page in pages[:-1]), initial=0)
    return Document(
        source,
        title or find_title(text) or stem,
        text,
        "application/pdf",
        "markdown",
        tuple(starts),
        warnings,
    )


def _find_password(content: bytes, passwords: Sequence[str]) -> str | None:
    """The one that opens it; None when none does, or when it opens without."""
    for password in (None, *passwords):
        with suppress(pypdfium2.PdfiumError, ValueError):
            pypdfium2.PdfDocument(content, password=password).close()
            return password
    return None


def _read_pages(content: bytes, name: str, password: str | None) -> tuple[str, list[str]]:
    """The title, which may be empty, and the text of every page."""
    result = _parse(content, name, password)
    plain_title, plain = _read_plain(content, password)
    markdown = {page.page_num: page.markdown for page in result.pages if page.text.strip()}
    count = max(result.total_pages, len(plain))
    if count == 0:
        raise UnreadableDocumentError(f"{name!r} is a broken PDF: it has no page")
    plain += [""] * (count - len(plain))
    pages = [_choose(markdown.get(number, ""), text) for number, text in enumerate(plain, 1)]
    return plain_title, pages


def _read_scan(content: bytes, name: str, password: str | None, *, count: int) -> list[str]:
    """The pages of a PDF that has only pictures of them, when OCR is installed.

    Raises:
        EmptyDocumentError: it is not, or it finds no words, or the pages are too many.
    """
    tessdata = find_tessdata()
    if tessdata is None or count > MAX_PAGES:
        way_out = (
            f"OCR reads up to {MAX_PAGES}, split it"
            if tessdata
            else "scanned pages need OCR, "
            "install Tesseract's language data (on Debian tesseract-ocr-eng)"
        )
        raise EmptyDocumentError(f"{name!r} has no text on its {count} page(s): {way_out}")
    read = _recognise(content, name, password, tessdata)
    if not read:
        raise EmptyDocumentError(f"{name!r} has no text on its {count} page(s), OCR found none")
    return [read.get(number, "") for number in range(1, count + 1)]


def _fill_in(
    content: bytes, name: str, password: str | None, pages: list[str]
) -> tuple[list[str], list[int]]:
    """Read single scanned pages among others by OCR, when it is installed, and say which."""
    empty = [number for number, page in enumerate(pages, 1) if not page]
    scanned = _find_pictures(content, password, empty)[:MAX_PAGES]
    tessdata = find_tessdata() if scanned else None
    if tessdata is None:
        return pages, []
    wanted = ",".join(map(str, scanned))
    read = _recognise(content, name, password, tessdata, wanted=wanted)
    return [page or read.get(number, "") for number, page in enumerate(pages, 1)], sorted(read)


def _find_pictures(content: bytes, password: str | None, numbers: Sequence[int]) -> list[int]:
    """Those of these pages that show a picture: a blank page need not be read."""
    if not numbers:
        return []
    try:
        document = pypdfium2.PdfDocument(content, password=password)
    except pypdfium2.PdfiumError:
        return []
    try:
        return [number for number in numbers if _has_picture(document, number - 1)]
    finally:
        document.close()


def _has_picture(document: pypdfium2.PdfDocument, number: int) -> bool:
    try:
        page = document[number]
    except (pypdfium2.PdfiumError, IndexError):
        return False
    found = any(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=2))
    page.close()
    return found


def _recognise(
    content: bytes, name: str, password: str | None, tessdata: Tessdata, wanted: str | None = None
) -> dict[int, str]:
    """By their numbers, the texts of those pages on which OCR finds any; `wanted` as `1,3`."""
    result = _parse(content, name, password, tessdata, wanted=wanted)
    return {
        page.page_num: _choose(page.markdown, normalise_text(page.text))
        for page in result.pages
        if page.text.strip()
    }


def _parse(
    content: bytes,
    name: str,
    password: str | None,
    tessdata: Tessdata | None = None,
    *,
    wanted: str | None = None,
) -> ParseResult:
    parser = LiteParse(
        ocr_enabled=tessdata is not None,
        ocr_language=tessdata.languages if tessdata else None,
        tessdata_path=tessdata.folder if tessdata else None,
        ocr_failure_fatal=False,
        output_format="markdown",
        image_mode="off",
        extract_links=False,
        continue_on_page_error=True,
        num_workers=1,
        target_pages=wanted,
        password=password,
        quiet=True,
    )
    try:
        return parser.parse(content)
    except ParseError as error:
        if "password" in str(error).lower():
            raise EncryptedDocumentError(
                f"{name!r} is encrypted, and no password given opens it: save it without one, or "
                "ingest it with `ingest add --password`"
            ) from error
        raise UnreadableDocumentError(f"{name!r} cannot be read as PDF: {error}") from error


def _read_plain(content: bytes, password: str | None) -> tuple[str, list[str]]:
    """The title and each page's bare text by pdfium; none when only liteparse can open it."""
    try:
        document = pypdfium2.PdfDocument(content, password=password)
    except pypdfium2.PdfiumError:
        return "", []
    try:
        pages = [_read_page(document, number) for number in range(len(document))]
        return _clean_title(document.get_metadata_value("Title")), pages
    finally:
        document.close()


def _read_page(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return ""
    text_page = page.get_textpage()
    text = text_page.get_text_bounded()
    text_page.close()
    page.close()
    return normalise_text(text)


def _choose(markdown: str, plain: str) -> str:
    """The Markdown, unless it lost much of the page's text."""
    lost = _measure(markdown) < _KEPT_SHARE * _measure(plain)
    return (plain if lost else _join_prose(normalise_text(markdown))).strip()


def _join_prose(markdown: str) -> str:
    """Put lines of prose back into it that begin in a typewriter's font, which look like code."""
    return _LONE_CODE.sub(_join_line, markdown)


def _join_line(block: re.Match[str]) -> str:
    text = block.string
    above = text[text.rfind("\n", 0, block.start()) + 1 : block.start()]
    begun = not above.endswith(_ENDS_PROSE)
    goes_on = text[block.end() : block.end() + 1].islower() and not above.endswith(":")
    if above.startswith(_NO_PROSE) or not (begun or goes_on):
        return block[0]
    return ("\n" if begun else "\n\n") + block["line"] + ("\n" if goes_on else "\n\n")


def _measure(text: str) -> int:
    return sum(map(str.isalnum, text))


def _clean_title(title: str) -> str:
    title = " ".join(normalise_text(title).removeprefix(_APPLICATION_TITLE).split())
    return "" if title.lower() in _USELESS_TITLES else title


def _warn_of_ocr(read: Sequence[int], count: int) -> tuple[str, ...]:
    if not read:
        return ()
    shown = _show(read)
    return (f"{len(read)} of {count} pages are scanned, read by OCR with its mistakes: {shown}",)


def _warn(pages: list[str]) -> tuple[str, ...]:
    empty = [number for number, page in enumerate(pages, 1) if not page]
    if not empty:
        return ()
    return (f"{len(empty)} of {len(pages)} pages hold no text and may need OCR: {_show(empty)}",)


def _show(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_SHOWN]))
    return f"{shown}, …" if len(numbers) > _MOST_SHOWN else shown
