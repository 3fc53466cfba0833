"""Writes small PDF files."""

from __future__ import annotations

from fpdf import FPDF


def make_pdf(pages: list[str], *, title: str = "", password: str | None = None) -> bytes:
    """A PDF with these pages of text."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    if title:
        pdf.set_title(title)
    if password is not None:
        pdf.set_encryption(owner_password="owner", user_password=password)  # noqa: S106 - a test's
    for page in pages:
        pdf.add_page()
        pdf.multi_cell(0, 8, page)
    return bytes(pdf.output())
