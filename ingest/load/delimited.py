"""CSV, TSV and their like to a Document: one table, its delimiter and encoding found out."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from ingest.load.tables import Row, write_tables
from ingest.load.text import MAX_TEXT_BYTES, decode_text, require_text
from rag_core.documents import Document
from rag_core.errors import UnreadableDocumentError

_DELIMITERS = (",", "\t", ";", "|")
_SEPARATOR = re.compile(r"(?i:sep)=([,\t;|])[ \t]*\n")
"""Excel's own first line, which names the delimiter."""
_SAMPLE_ROWS = 100
_SAMPLE_CHARACTERS = 1 << 16
_LONGEST_QUOTED = 1 << 16
"""A cell of more characters that holds line ends began with a quote that nothing closes."""


def load_delimited(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read a table of text; its first row is the header unless it holds numbers."""
    text, warnings = decode_text(content, name=name)
    require_text(text, name=name)
    named = _SEPARATOR.match(text)
    text = text[named.end() :] if named else text
    delimiter = named[1] if named else find_delimiter(text)[0]
    rows, faults = _read_rows(text, delimiter, name)
    rows = list(_skip_blank_lines(rows))
    table = write_tables(rows, level=2)
    require_text(table, name=name)
    media_type = "text/tab-separated-values" if delimiter == "\t" else "text/csv"
    return Document(source, stem, table, media_type, "markdown", warnings=(*warnings, *faults))


def find_delimiter(text: str) -> tuple[str, float]:
    """What parts the cells, and the share of rows that have as many as most have; 0 for none."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > _SAMPLE_CHARACTERS:
        sample = sample[: sample.rfind("\n") + 1] or sample
    lines = [line for line in sample.split("\n") if line.strip()]
    scores = [(_score(lines, delimiter), delimiter) for delimiter in _DELIMITERS]
    (share, _), best = max(scores, key=lambda score: score[0])
    return best, share


def _score(lines: list[str], delimiter: str) -> tuple[float, int]:
    """The share of rows of the commonest width, and that width; 0 where most have one cell."""
    try:
        rows = list(islice(csv.reader(lines, delimiter=delimiter), _SAMPLE_ROWS))
    except csv.Error:
        return 0.0, 0
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    return (count / len(rows), width) if width > 1 else (0.0, 0)


def _read_rows(text: str, delimiter: str, name: str) -> tuple[list[Row], tuple[str, ...]]:
    """The rows, and a warning when a quote that nothing closes had to be read as a letter."""
    csv.field_size_limit(MAX_TEXT_BYTES)
    try:
        rows = list(_parse(text, delimiter, quoted=True))
        if not any(len(cell) > _LONGEST_QUOTED and "\n" in cell for row in rows for cell in row):
            return rows, ()
        rows = list(_parse(text, delimiter, quoted=False))
    except csv.Error as error:
        raise UnreadableDocumentError(f"{name!r} cannot be read as a table: {error}") from error
    return rows, ("a quotation mark is never closed: all were read as letters",)


def _skip_blank_lines(rows: list[Row]) -> Iterator[Row]:
    """The rows, without the lines of nothing between two of the same width: these part no tables.

    Programs write a blank line after each row, when line ends are written twice.
    """
    width, blank = 0, False
    for row in rows:
        if blank and row and len(row) != width:
            yield ()
        if row:
            yield row
            width = len(row)
        blank = not row


def _parse(text: str, delimiter: str, *, quoted: bool) -> Iterator[Row]:
    lines = (f"{line}\n" for line in text.split("\n"))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    for row in csv.reader(lines, delimiter=delimiter, quoting=quoting):
        yield [cell.strip() for cell in row]
