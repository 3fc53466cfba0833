"""Make the sample documents of data/sample from the user guide in docs/.

A few pages are rendered to PDF, DOCX and HTML, the others are copied, so that every loader has
something to read and no page is there twice. The same guide gives the same bytes.
"""

from __future__ import annotations

import html
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.document import Document as DocxDocument
from fpdf import FPDF
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs"
SAMPLE = ROOT / "data" / "sample"
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><nav><a href="index.html">Guide</a> <a href="#top">Top</a></nav>
<main>
{body}</main>
<footer>Made from {name}</footer></body></html>
"""


def parser() -> MarkdownIt:
    """The Markdown that the guide is written in."""
    return MarkdownIt("commonmark").enable("table")


def title_of(text: str) -> str:
    """The page's first heading."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else "Guide"


def write_html(page: Path, target: Path) -> None:
    """A page with a menu and a footer around it, as pages on the web have."""
    text = page.read_text()
    body = parser().render(text)
    target.write_text(PAGE.format(title=html.escape(title_of(text)), body=body, name=page.name))


def write_pdf(page: Path, target: Path) -> None:
    """An A4 document with headings, lists, tables and code."""
    text = page.read_text()
    pdf = FPDF()
    pdf.set_creation_date(MADE_AT)
    pdf.set_title(title_of(text))
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    for node in SyntaxTreeNode(parser().parse(text)).children:
        if node.type == "table":
            write_table(pdf, [[plain(cell) for cell in row.children] for row in rows(node)])
        else:
            pdf.write_html(parser().renderer.render(node.to_tokens(), parser().options, {}))
    pdf.output(str(target))


def write_table(pdf: FPDF, cells: list[list[str]]) -> None:
    """A ruled table, its texts at the top left."""
    pdf.set_font_size(9)
    with pdf.table(
        text_align="LEFT",
        v_align="TOP",
        line_height=4,
        padding=2,
        col_widths=[3, *[4] * (len(cells[0]) - 1)],
    ) as table:
        for texts in cells:
            table.row(texts)
    pdf.set_font_size(11)
    pdf.ln()


def write_docx(page: Path, target: Path) -> None:
    """A Word document with Word's own headings, lists and tables."""
    text = page.read_text()
    document = Document()
    document.core_properties.title = title_of(text)
    document.core_properties.created = document.core_properties.modified = MADE_AT
    for node in SyntaxTreeNode(parser().parse(text)).children:
        add_block(document, node)
    document.save(str(target))
    fix_times(target)


def add_block(document: DocxDocument, node: SyntaxTreeNode) -> None:
    """Append one Markdown block to the Word document."""
    match node.type:
        case "heading":
            document.add_heading(plain(node), level=int(node.tag[1]))
        case "bullet_list" | "ordered_list":
            style = "List Bullet" if node.type == "bullet_list" else "List Number"
            for item in node.children:
                document.add_paragraph(plain(item), style=style)
        case "table":
            add_table(document, [[plain(cell) for cell in row.children] for row in rows(node)])
        case "fence":
            document.add_paragraph(node.content.rstrip("\n"))
        case _:
            document.add_paragraph(plain(node))


def add_table(document: DocxDocument, cells: list[list[str]]) -> None:
    """Append a table with these texts."""
    table = document.add_table(rows=len(cells), cols=len(cells[0]))
    for row, texts in zip(table.rows, cells, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text


def rows(table: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    """Head row, then body rows."""
    for part in table.children:
        yield from part.children


def plain(node: SyntaxTreeNode) -> str:
    """The text of a block without its marks."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    return "".join(plain(child) for child in node.children)


def fix_times(archive: Path) -> None:
    """Write a zip anew with one fixed time for all members."""
    with zipfile.ZipFile(archive) as source:
        members = [(name, source.read(name)) for name in source.namelist()]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members:
            member = zipfile.ZipInfo(name, MADE_AT.timetuple()[:6])
            target.writestr(member, content, compress_type=zipfile.ZIP_DEFLATED)


RENDERED: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "ingest.md": (".pdf", write_pdf),
    "models.md": (".docx", write_docx),
    "operations.md": (".html", write_html),
}


def main() -> int:
    """Make data/sample anew."""
    shutil.rmtree(SAMPLE, ignore_errors=True)
    SAMPLE.mkdir(parents=True)
    for page in sorted(GUIDE.glob("*.md")):
        if page.name in RENDERED:
            suffix, write = RENDERED[page.name]
            write(page, (SAMPLE / page.name).with_suffix(suffix))
        else:
            shutil.copyfile(page, SAMPLE / page.name)
    print(f"sample: {len(list(SAMPLE.iterdir()))} documents in {SAMPLE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
