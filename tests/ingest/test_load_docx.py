from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.load.docx import load_docx
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, OversizedDocumentError, UnreadableDocumentError

BODY = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>{}</w:body></w:document>"
)


def save(word: WordDocument) -> bytes:
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def make_zip(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def load(content: bytes) -> Document:
    return load_docx(content, source="/d/a.docx", name="a.docx", stem="a")


def load_body(body: str) -> Document:
    return load(make_zip({"word/document.xml": BODY.format(body)}))


def test_headings_and_paragraphs_become_markdown() -> None:
    word = docx.Document()
    word.add_heading("Top", level=1)
    word.add_paragraph("Words of it.")
    word.add_heading("Below", level=2)
    word.add_paragraph("# no heading")

    assert load(save(word)).text == "# Top\n\nWords of it.\n\n## Below\n\n\\# no heading"


def test_lists_keep_their_bullets_and_numbers() -> None:
    word = docx.Document()
    for words, style in [("one", "List Bullet"), ("two", "List Bullet"), ("deep", "List Number")]:
        word.add_paragraph(words, style=style)
    word.add_paragraph("after", style="List Number")

    assert load(save(word)).text == "- one\n- two\n1. deep\n2. after"


def test_tables_become_rows_under_their_header() -> None:
    word = docx.Document()
    table = word.add_table(rows=2, cols=2)
    for cell, words in zip(table._cells, ["Name", "Sign", "Bar", "a|b"], strict=True):
        cell.text = words

    assert load(save(word)).text == "| Name | Sign |\n| --- | --- |\n| Bar | a\\|b |"


def test_page_breaks_start_pages() -> None:
    word = docx.Document()
    word.add_paragraph("First.").add_run().add_break(WD_BREAK.PAGE)
    word.add_paragraph("Second.")

    document = load(save(word))

    assert [document.text[start:][:6].strip() for start in document.page_starts] == [
        "First.",
        "Second",
    ]


def test_rendered_breaks_count_instead_of_the_authors_own() -> None:
    rendered = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r></w:p>"
    own = '<w:p><w:r><w:t>one</w:t><w:br w:type="page"/></w:r></w:p>'

    document = load_body(own + rendered)

    assert document.page_starts == (0, document.text.index("two"))


def test_a_document_without_breaks_has_no_pages() -> None:
    assert load_body("<w:p><w:r><w:t>one</w:t></w:r></w:p>").page_starts == ()


def test_deleted_words_are_left_out_and_inserted_ones_stay() -> None:
    body = (
        "<w:p><w:r><w:t>a </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>new </w:t></w:r></w:ins><w:hyperlink><w:r><w:t>link</w:t></w:r>"
        "</w:hyperlink></w:p>"
    )

    assert load_body(body).text == "a new link"


def test_numbered_headings_carry_their_numbers() -> None:
    word = docx.Document()
    properties = word.styles["Heading 1"].element.get_or_add_pPr()
    properties.append(parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="5"/></w:numPr>'))
    word.add_heading("First", level=1)
    word.add_heading("Second", level=1)

    assert load(save(word)).text.startswith("# 1 First")


def test_footnotes_follow_the_text() -> None:
    note = '<w:footnote w:id="1"><w:p><w:r><w:t>The note.</w:t></w:r></w:p></w:footnote>'
    notes = BODY.format(note).replace("w:document", "w:footnotes").replace("w:body", "w:x")
    body = '<w:p><w:r><w:t>Text</w:t><w:footnoteReference w:id="1"/></w:r></w:p>'
    parts = {"word/document.xml": BODY.format(body), "word/footnotes.xml": notes}

    parts["word/footnotes.xml"] = notes.replace("<w:x>", "").replace("</w:x>", "")

    assert load(make_zip(parts)).text == "Text[^1]\n\n[^1]: The note."


def test_endnotes_are_told_from_footnotes_of_the_same_number() -> None:
    names = BODY.partition("<w:body>")[0].removeprefix("<w:document ")
    body = '<w:p><w:r><w:t>Text</w:t><w:endnoteReference w:id="1"/></w:r></w:p>'
    note = '<w:endnote w:id="1"><w:p><w:r><w:t>At the end.</w:t></w:r></w:p></w:endnote>'
    part = f"<w:endnotes {names}{note}</w:endnotes>"

    document = load(make_zip({"word/document.xml": BODY.format(body), "word/endnotes.xml": part}))

    assert document.text == "Text[^e1]\n\n[^e1]: At the end."


def test_equations_are_typed_on_a_line() -> None:
    def run(words: str) -> str:
        return f"<m:r><m:t>{words}</m:t></m:r>"

    power = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('-2')}</m:sup></m:sSup>"
    root = f"<m:rad><m:deg/><m:e><m:d><m:e>{run('a+b')}</m:e></m:d></m:e></m:rad>"
    sign = '<m:naryPr><m:chr m:val="\u2211"/></m:naryPr>'
    total = f"<m:nary>{sign}<m:sub>{run('i=1')}</m:sub><m:sup>{run('n')}</m:sup></m:nary>"
    fraction = f"<m:f><m:num>{power}</m:num><m:den>{root}</m:den></m:f>"
    names = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'

    document = load_body(f"<w:p><m:oMath {names}>{total}{fraction}</m:oMath></w:p>")

    assert document.text == "\u2211_(i=1)^n (x^(-2))/(\u221a((a+b)))"


def test_merged_cells_leave_all_others_in_their_columns() -> None:
    word = docx.Document()
    table = word.add_table(rows=3, cols=3)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(1, 0).merge(table.cell(1, 1)).text = "wide"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "tall"

    rows = load(save(word)).text.split("\n")

    assert rows[2:] == ["| wide | wide | tall |", "| 6 | 7 | tall |"]


def test_the_title_is_that_of_the_properties() -> None:
    word = docx.Document()
    word.core_properties.title = "The title"
    word.add_heading("A heading")

    assert load(save(word)).title == "The title"


def test_nested_text_boxes_are_read_once() -> None:
    inner = "<w:p><w:r><w:t>deep</w:t></w:r></w:p>"
    for _ in range(30):
        inner = f"<w:p><w:r><w:txbxContent>{inner}</w:txbxContent></w:r></w:p>"

    assert load_body(inner).text == "deep"


def test_a_doctype_is_refused_before_its_entities_expand() -> None:
    entity = '<!DOCTYPE x [<!ENTITY a "boom">]>' + BODY.format("<w:p>&a;</w:p>")

    with pytest.raises(UnreadableDocumentError, match="DOCTYPE"):
        load(make_zip({"word/document.xml": entity}))


def test_a_zip_bomb_is_refused() -> None:
    with pytest.raises(OversizedDocumentError, match="zip bomb"):
        load(make_zip({"word/document.xml": " " * (20 << 20)}))


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 broken", make_zip({"word/document.xml": "<w:no"}), make_zip({"other": "x"})],
)
def test_a_broken_document_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"a\.docx"):
        load(content)


def test_a_document_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(save(docx.Document()))
