from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter
import xlwt
from xlsxwriter.worksheet import Worksheet

from ingest.load.workbook import load_workbook
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, OversizedDocumentError, UnreadableDocumentError

ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="Birds"><table:table-row>'
    '<table:table-cell office:value-type="string"><text:p>Duck</text:p></table:table-cell>'
    "</table:table-row></table:table></office:spreadsheet></office:body>"
    "</office:document-content>"
)


def make_xlsx(fill: Callable[[Worksheet], object], *, name: str = "Sheet") -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        fill(book.add_worksheet(name))
    return stream.getvalue()


def replace_part(content: bytes, part: str, text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for member in old.namelist():
            new.writestr(member, text if member == part else old.read(member))
    return stream.getvalue()


def make_rows(sheet: Worksheet) -> None:
    sheet.write_row(0, 0, ["Name", "Count"])
    sheet.write_row(1, 0, ["Ann", 7])


def load(content: bytes) -> Document:
    return load_workbook(content, source="/d/a.xlsx", name="a.xlsx", stem="a")


def test_a_sheet_is_a_heading_with_its_table() -> None:
    document = load(make_xlsx(make_rows, name="My sheet"))

    assert document.text == ("## My sheet\n\n| Name | Count |\n| --- | --- |\n| Ann | 7 |")
    assert document.title == "a"


def test_values_read_as_one_sees_them() -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, [2.5, 1e20, True])
        sheet.write_row(0, 3, [46082, 46082.5], date)  # days since 1900

    row = "| 2.5 | 100000000000000000000 | TRUE | 2026-03-01 | 2026-03-01 12:00:00 |"
    assert load(stream.getvalue()).text.endswith(row)


def test_merged_cells_say_in_every_row_what_they_show() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["Kind", "Name"])
        sheet.merge_range(1, 0, 2, 0, "duck")
        sheet.write_column(1, 1, ["Ann", "Bob"])

    assert load(make_xlsx(fill)).text.endswith("| duck | Ann |\n| duck | Bob |")


def test_cells_far_from_the_corner_are_found() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.merge_range(500, 40, 500, 41, "far away")

    assert load(make_xlsx(fill)).text == "## Sheet\n\nfar away"


def test_old_xls_is_read() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    for place, words in enumerate(["Name", "Ann"]):
        sheet.write(place, 0, words)
    stream = io.BytesIO()
    book.save(stream)

    document = load(stream.getvalue())

    assert document.text == "## Old\n\n| Name |\n| --- |\n| Ann |"
    assert document.media_type == "application/vnd.ms-excel"


def test_ods_is_read() -> None:
    stream = io.BytesIO()
    media_type = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", media_type)
        archive.writestr("content.xml", ODS)
        archive.writestr("META-INF/manifest.xml", manifest)

    document = load(stream.getvalue())

    assert (document.text, document.media_type) == ("## Birds\n\nDuck", media_type)


def test_a_doctype_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "boom">]><sst>&a;</sst>'

    with pytest.raises(UnreadableDocumentError, match="DOCTYPE"):
        load(replace_part(make_xlsx(make_rows), "xl/sharedStrings.xml", bomb))


def test_a_zip_bomb_is_refused() -> None:
    with pytest.raises(OversizedDocumentError, match="zip bomb"):
        load(replace_part(make_xlsx(make_rows), "xl/sharedStrings.xml", " " * (20 << 20)))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_broken_part_is_unreadable(part: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"a\.xlsx"):
        load(replace_part(make_xlsx(make_rows), part, "<no"))


def test_a_workbook_without_cells_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(make_xlsx(lambda _: None))
