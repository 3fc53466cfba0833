"""A notebook's cells to Markdown: its text as it is, its code in fences; outputs are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.load.markup import escape_plain, write_code
from ingest.load.text import normalise_text


def is_notebook(value: Mapping[str, object]) -> bool:
    """Whether a JSON object is a notebook, of this format or the one before."""
    return "nbformat" in value and ("cells" in value or "worksheets" in value)


def write_notebook(notebook: Mapping[str, object]) -> str:
    """The Markdown of all cells in order."""
    language = _find_language(notebook)
    blocks = (_write_cell(cell, language) for cell in _find_cells(notebook))
    return normalise_text("\n\n".join(filter(None, blocks)))


def _find_language(notebook: Mapping[str, object]) -> str:
    metadata = notebook.get("metadata")
    for place, key in (("language_info", "name"), ("kernelspec", "language")):
        entry = metadata.get(place) if isinstance(metadata, dict) else None
        name = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(name, str):
            return name.split()[0].lower() if name.strip() else ""
    return "python"


def _find_cells(notebook: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    sheets = notebook.get("worksheets")
    for holder in [notebook, *(sheets if isinstance(sheets, list) else [])]:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        yield from (cell for cell in cells or [] if isinstance(cell, dict))


def _write_cell(cell: Mapping[str, object], language: str) -> str:
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str)).strip("\n")
    if not text.strip():
        return ""
    kind = cell.get("cell_type")
    if kind == "code":
        return write_code(text, language)
    if kind == "heading":
        level = cell.get("level")
        return f"{'#' * min(max(level, 1), 6) if isinstance(level, int) else '#'} {text}"
    return text if kind == "markdown" else escape_plain(text)
