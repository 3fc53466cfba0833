"""Rows of cells, as sheets and CSV files hold them, to Markdown tables, or to records when wide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from statistics import median

from ingest.load.markup import escape_plain, write_row, write_table

Row = Sequence[str]

_NUMBER = re.compile(r"[-+(]?[\d.,' ]*\d[\d.,' ]*[%)]?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_RECORD_CHARACTERS = 700
"""A median row longer than this fills a chunk alone: its values then need their names beside."""
_MOST_MEASURED = 200
_LONGEST_NAME = 80


def write_tables(rows: Iterable[Row], *, level: int) -> str:
    """Tables that empty rows part, each under its own header; records get headings of `level`."""
    blocks: list[str] = []
    header: Row = ()
    for part in _find_parts(rows):
        lead, table = _cut_lead(part)
        blocks += map(escape_plain, lead)
        if not lead and _goes_on(table, header):
            blocks[-1] += "\n" + "\n".join(map(write_row, table))
        elif table:
            records = _are_records(table)
            headed = _heads(table)
            blocks.append(
                _write_records(table, level) if records else write_table(table, headed=headed)
            )
            header = table[0] if headed and not records else ()
    return "\n\n".join(blocks)


def _goes_on(table: Sequence[Row], header: Row) -> bool:
    """Whether these rows belong to the table before them: as wide, without a header."""
    return bool(header) and len(table[0]) == len(header) and not _is_header(table[0])


def _find_parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Runs of rows that hold something, without the columns that are empty in all of a run."""
    part: list[Row] = []
    for row in rows:
        if any(row):
            part.append(row)
        elif part:
            yield _drop_empty_columns(part)
            part = []
    if part:
        yield _drop_empty_columns(part)


def _drop_empty_columns(rows: list[Row]) -> list[Row]:
    width = max(map(len, rows))
    full = [row if len(row) == width else [*row, *[""] * (width - len(row))] for row in rows]
    used = [any(column) for column in zip(*full, strict=True)]
    return full if all(used) else [list(compress(row, used)) for row in full]


def _cut_lead(rows: list[Row]) -> tuple[list[str], list[Row]]:
    """Titles above a table, which are rows that say one thing, and the table itself."""
    if len(rows) == len(rows[0]) == 1:
        return [rows[0][0]], []
    count = 0
    if len(rows[0]) > 1:
        while count < len(rows) - 1 and len(set(filter(None, rows[count]))) == 1:
            count += 1
    return ["".join(set(row)) for row in rows[:count]], _drop_empty_columns(rows[count:])


def _heads(table: Sequence[Row]) -> bool:
    return len(table) > 1 and _is_header(table[0])


def _is_header(row: Row) -> bool:
    """Whether every cell may name a column: no numbers but years."""
    return not any(_NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell) for cell in row)


def _are_records(table: Sequence[Row]) -> bool:
    if not _heads(table) or len(table[0]) < 2:  # noqa: PLR2004 - one column needs no names
        return False
    return median(sum(map(len, row)) for row in islice(table, 1, _MOST_MEASURED)) > (
        _RECORD_CHARACTERS
    )


def _write_records(table: Sequence[Row], level: int) -> str:
    names, *rows = table
    blocks = []
    for number, row in enumerate(rows, 2):
        first = " ".join(next(filter(None, row)).split())[:_LONGEST_NAME]
        pairs = (
            f"- {' '.join(name.split())}: {' '.join(value.split())}"
            for name, value in zip(names, row, strict=True)
            if value
        )
        blocks.append("\n".join([f"{'#' * level} Row {number}: {first}", "", *pairs]))
    return "\n\n".join(blocks)
