from __future__ import annotations

from itertools import pairwise

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw

from ingest.load.pdf import MAX_PDF_BYTES, load_pdf
from ingest.ocr import MAX_PAGES, find_tessdata
from rag_core.documents import Document
from rag_core.errors import (
    EmptyDocumentError,
    EncryptedDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
)
from tests.pdfs import make_pdf


def load(content: bytes) -> Document:
    return load_pdf(content, source="/d/a.pdf", name="a.pdf", stem="a")


def test_each_page_begins_where_page_starts_says() -> None:
    words = ["First page here.", "Second page there.", "Third page."]

    document = load(make_pdf(words))

    starts = [*document.page_starts, len(document.text)]
    pages = [document.text[start:end].strip() for start, end in pairwise(starts)]
    assert pages == words


def test_the_title_is_that_of_the_metadata_or_the_file_name() -> None:
    titles = [
        load(make_pdf(["Some words."], title=title)).title for title in ("Named", "untitled", "")
    ]

    assert titles == ["Named", "a", "a"]


def write_lines(*lines: tuple[tuple[str, str], ...]) -> bytes:
    """A page of lines, each of pieces of text in a font."""
    pdf = FPDF()
    pdf.add_page()
    for line in lines:
        for font, text in line:
            pdf.set_font(font, size=11)
            pdf.write(6, text)
        pdf.ln(6)
    return bytes(pdf.output())


def test_prose_that_begins_in_a_typewriter_font_stays_prose() -> None:
    prose = ("Helvetica", "Readers see a document at once, whether it came in by hand or by")
    goes_on = ("Courier", "ingest add"), ("Helvetica", ", and it stays whole while the others are")
    end = ("Helvetica", "still being read. After that nothing is left to be done by anybody.")

    text = load(write_lines((prose,), goes_on, (end,))).text

    assert text.split() == " ".join((prose[1], goes_on[0][1] + goes_on[1][1], end[1])).split()


def test_code_below_a_sentence_that_announces_it_stays_code() -> None:
    prose = ("Helvetica", "The documents of a whole folder are put in by one command, as follows:")
    end = ("Helvetica", "Then ask what you want to know, and read what is marked in the source.")

    text = load(write_lines((prose,), (("Courier", "ingest add papers"),), (end,))).text

    assert "```\ningest add papers\n```" in text


def test_a_page_without_text_is_warned_of() -> None:
    document = load(make_pdf(["Some words.", "", "More words."]))

    assert document.warnings == ("1 of 3 pages hold no text and may need OCR: 2",)
    assert len(document.page_starts) == 3


def test_a_pdf_without_text_names_ocr() -> None:
    with pytest.raises(EmptyDocumentError, match="OCR"):
        load(make_pdf(["", ""]))


@pytest.mark.skipif(find_tessdata() is None, reason="Tesseract's language data is not installed")
def test_scanned_pages_are_read_by_ocr_with_a_warning() -> None:
    scan = Image.new("L", (900, 200), "white")
    ImageDraw.Draw(scan).text((40, 60), "Ducks swim", fill="black", font_size=90)
    pdf = FPDF()
    for _ in range(2):
        pdf.add_page()
        pdf.image(scan, w=180)

    document = load(bytes(pdf.output()))

    assert document.text == "Ducks swim\n\nDucks swim"
    assert document.page_starts == (0, 12)
    assert document.warnings == ("its pages are scanned: read by OCR, which makes mistakes",)


@pytest.mark.skipif(find_tessdata() is None, reason="Tesseract's language data is not installed")
def test_single_scanned_pages_among_others_are_read_by_ocr() -> None:
    scan = Image.new("L", (900, 200), "white")
    ImageDraw.Draw(scan).text((40, 60), "Ducks swim", fill="black", font_size=90)
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 8, "Owls fly by night.")
    pdf.add_page()
    pdf.image(scan, w=180)
    pdf.add_page()

    document = load(bytes(pdf.output()))

    _, second, third = document.page_starts
    assert document.text.startswith("Owls fly by night.")
    assert "Ducks swim" in document.text[second:third]
    assert document.warnings == (
        "1 of 3 pages are scanned, read by OCR with its mistakes: 2",
        "1 of 3 pages hold no text and may need OCR: 3",
    )


def test_a_scan_of_too_many_pages_is_reported() -> None:
    with pytest.raises(EmptyDocumentError, match="OCR"):
        load(make_pdf([""] * (MAX_PAGES + 1)))


def test_a_password_is_named_as_the_reason() -> None:
    with pytest.raises(EncryptedDocumentError, match=r"'a\.pdf' is encrypted.*--password"):
        load(make_pdf(["Secret."], password="secret"))  # noqa: S106 - a test's


def test_of_several_passwords_the_right_one_opens_it() -> None:
    content = make_pdf(["Secret words."], password="secret")  # noqa: S106 - a test's

    document = load_pdf(
        content, source="/d/a.pdf", name="a.pdf", stem="a", passwords=["wrong", "secret"]
    )

    assert document.text == "Secret words."


def test_an_encrypted_pdf_that_opens_without_a_password_is_read() -> None:
    document = load(make_pdf(["Open words."], password=""))

    assert document.text == "Open words."


@pytest.mark.parametrize("content", [b"%PDF-1.7\ngarbage", b"%PDF-1.4\n%%EOF"])
def test_a_broken_pdf_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"a\.pdf"):
        load(content)


def test_a_pdf_cut_short_gives_text_or_an_error_of_ours() -> None:
    whole = make_pdf(["Some words."] * 3)

    with pytest.raises((UnreadableDocumentError, EmptyDocumentError)):
        load(whole[: len(whole) // 4])


def test_a_pdf_over_the_limit_is_refused() -> None:
    content = bytes(MAX_PDF_BYTES + 1)

    with pytest.raises(OversizedDocumentError):
        load(content)
