"""JSON, JSON lines and notebooks to a Document: every value beside the names that lead to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import orjson

from ingest.blocks import find_title
from ingest.load.fields import select_fields
from ingest.load.markup import escape_plain, join_lines
from ingest.load.notebook import is_notebook, write_notebook
from ingest.load.tables import write_tables
from ingest.load.text import decode_text, load_text, normalise_text, require_text
from rag_core.documents import Document

_NAMES = ("title", "name", "label", "subject", "id", "_id", "key")
_LONGEST_LINE = 200
_LONGEST_NAME = 120
_MOST_COLUMNS = 12
_MOST_LEVELS = 200
_BAD_LINES_SHOWN = 3


def load_records(
    content: bytes, *, source: str, name: str, stem: str, fields: Sequence[str] = ()
) -> Document:
    """Read JSON, or one JSON value a line; what is neither is read as plain text, with a warning.

    Of records only these fields are read, if any are named; `author.name` is one within another.

    Raises:
        DocumentError: it is no text, too large or empty, or has none of the fields.
    """
    text, warnings = decode_text(content, name=name)
    require_text(text, name=name)
    try:
        value, faults = _parse_records(text)
    except ValueError as error:
        document = load_text(content, source=source, name=name)
        reason = f"no valid JSON, so read as plain text: {error}"
        return replace(document, warnings=(*document.warnings, reason))
    title, text, media_type = _write_document(select_fields(value, fields, name=name))
    require_text(text, name=name)
    warnings = (*warnings, *faults)
    return Document(source, title or stem, text, media_type, "markdown", warnings=warnings)


def _write_document(value: object) -> tuple[str, str, str]:
    """Its title, which may be empty, its text and its media type."""
    if isinstance(value, dict) and is_notebook(value):
        text = write_notebook(value)
        return find_title(text), text, "application/x-ipynb+json"
    title = value.get("title") if isinstance(value, dict) else None
    text = normalise_text(_write(value))
    return title if isinstance(title, str) else "", text, "application/json"


def _parse_records(text: str) -> tuple[object, tuple[str, ...]]:
    """The value, or the list of the lines' values, and a warning for lines that hold none.

    Raises:
        ValueError: it is neither.
    """
    try:
        return _parse(text), ()
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one line is no list
            raise
    return _parse_lines(lines)


def _parse_lines(lines: list[str]) -> tuple[list[object], tuple[str, ...]]:
    values = [_parse(lines[0])]
    bad: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        try:
            values.append(_parse(line))
        except ValueError:
            bad.append(str(number))
    if len(bad) > len(values):
        raise ValueError(f"line {bad[0]} is none")
    shown = ", ".join([*bad[:_BAD_LINES_SHOWN], *["…"][: max(0, len(bad) - _BAD_LINES_SHOWN)]])
    return values, (f"{len(bad)} lines are no JSON and were left out: {shown}",) if bad else ()


def _parse(text: str) -> object:
    try:
        value: object = orjson.loads(text)
    except ValueError:
        value = json.loads(text)  # reads NaN and integers of any length, too
    return value


def _write(value: object) -> str:
    records = _find_rows(value)
    columns = list(dict.fromkeys(key for record in records for key in record))
    if not 0 < len(columns) <= _MOST_COLUMNS:
        return join_lines(_write_top(value))
    rows = ([_plain(record.get(key)) for key in columns] for record in records)
    return write_tables([columns, *rows], level=2)


def _find_rows(value: object) -> list[Mapping[str, object]]:
    """The records of a list that holds nothing but two or more flat ones; else none."""
    items = value if isinstance(value, list) else []
    records: list[Mapping[str, object]] = [each for each in items if isinstance(each, dict)]
    if len(records) < 2 or len(records) != len(items):  # noqa: PLR2004 - one is no table
        return []
    deep = (isinstance(part, dict | list) for each in records for part in each.values())
    return [] if any(deep) else records


def _write_top(value: object) -> Iterator[str]:
    """A heading for each record of a list and for each part of a whole, lines below."""
    entries = value.items() if isinstance(value, dict) else enumerate(_list(value), 1)
    for key, part in entries:
        if not isinstance(part, dict | list) or _is_line(part):
            yield from _write_leaf(str(key) if isinstance(value, dict) else "", part)
            continue
        yield f"## {_name(part, key) if isinstance(key, int) else _one_line(str(key))}"
        yield from _walk("", part, 0)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _name(record: object, number: int) -> str:
    """What a record calls itself, or its number."""
    if isinstance(record, dict):
        names = (record.get(name) for name in _NAMES)
        for name in names:
            if isinstance(name, str | int) and str(name).strip():
                return _one_line(str(name))[:_LONGEST_NAME]
    return f"Record {number}"


def _walk(path: str, value: object, depth: int) -> Iterator[str]:
    if depth > _MOST_LEVELS:
        raise RecursionError
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _walk(f"{path}.{key}" if path else str(key), part, depth + 1)
    elif isinstance(value, list) and not _is_line(value):
        for number, part in enumerate(value):
            yield from _walk(f"{path}[{number}]", part, depth + 1)
    else:
        yield from _write_leaf(path, value)


def _is_line(value: object) -> bool:
    """Whether a list is one of short values, which share a line."""
    return (
        isinstance(value, list)
        and not any(isinstance(part, dict | list) for part in value)
        and sum(len(_plain(part)) + 2 for part in value) <= _LONGEST_LINE
    )


def _write_leaf(path: str, value: object) -> Iterator[str]:
    """One line, or the name and then the paragraphs of a long text."""
    words = ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
    label = f"{_one_line(path)}: " if path else ""
    if len(words) > _LONGEST_LINE or "\n" in words.strip():
        yield f"- {label}".rstrip()
        yield escape_plain(words.strip())
    elif words.strip():
        yield f"- {label}{words.strip()}"


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Mapping):
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _one_line(words: str) -> str:
    return " ".join(words.split())
