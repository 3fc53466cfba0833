"""XLSX, XLS, XLSB and ODS workbooks to a Document: a heading for each sheet, its tables below."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from ingest.load.archive import Archive
from ingest.load.tables import write_tables
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import UnreadableDocumentError

_Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
_ZIP = b"PK\x03\x04"
_MIDNIGHT = dt.time()
_MOST_MERGED = 100_000
"""Cells of one sheet that stand for a merged neighbour; no more are filled."""


def load_workbook(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read every sheet, hidden ones too; formulas give the values that were stored last.

    Raises:
        DocumentError: it is broken, encrypted, hostile or empty.
    """
    if content.startswith(_ZIP):
        Archive(content, name=name).refuse_doctypes()
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            sheets = list(_read_sheets(workbook))
    except PasswordError as error:
        raise UnreadableDocumentError(f"{name!r} is encrypted with a password") from error
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableDocumentError(f"{name!r} cannot be read as workbook: {error}") from error
    text = normalise_text("\n\n".join(f"## {title}\n\n{body}" for title, body in sheets if body))
    require_text(text, name=name)
    return Document(source, stem, text, _find_media_type(content), "markdown")


def _read_sheets(workbook: CalamineWorkbook) -> Iterator[tuple[str, str]]:
    """Title and tables of each sheet that may hold cells."""
    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet:
            cells = workbook.get_sheet_by_name(sheet.name)
            rows = [_write_cells(row) for row in cells.iter_rows()]
            _fill_merged(rows, cells)
            yield " ".join(sheet.name.split()), write_tables(rows, level=3)


def _fill_merged(rows: list[list[str]], sheet: CalamineSheet) -> None:
    """Write what merged cells show into each of them, so that every row says it."""
    left = sheet.start[1] if sheet.start else 0
    filled = 0
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        columns = slice(first - left, min(last - left + 1, sheet.width))
        filled += (bottom - top + 1) * max(0, columns.stop - columns.start)
        if first < left or top >= len(rows) or filled > _MOST_MERGED:
            continue
        words = rows[top][columns.start]
        for row in rows[top : bottom + 1]:
            row[columns] = [words] * (columns.stop - columns.start)


def _write_cells(cells: list[_Cell]) -> list[str]:
    return [cell if isinstance(cell, str) else _write_cell(cell) for cell in cells]


def _write_cell(cell: _Cell) -> str:
    """The value as one reads it in the sheet, in ISO's form for dates."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(cell, ".15g")
    if isinstance(cell, dt.datetime):
        day = cell.time() == _MIDNIGHT
        return cell.date().isoformat() if day else cell.isoformat(" ", "seconds")
    return str(cell)


def _find_media_type(content: bytes) -> str:
    if not content.startswith(_ZIP):
        return "application/vnd.ms-excel"
    if b"application/vnd.oasis.opendocument" in content[:128]:
        return "application/vnd.oasis.opendocument.spreadsheet"
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
