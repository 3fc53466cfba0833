"""Results as tables on a terminal, tab-separated lines in a pipe, or one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import orjson
from rich.console import Console
from rich.table import Table

from ingest.report import printable


class Screen:
    """Standard output for the result, standard error for the rest."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Paths are data: neither [markup] nor :emoji: in them means anything.
        self._out = Console(markup=False, highlight=False, emoji=False)
        self.aside = Console(
            stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True
        )

    def show(self, result: object, lines: Iterable[str]) -> None:
        """Print the result: the object as JSON, or else these lines."""
        if self.as_json:
            self._show_json(result)
        else:
            _write(map(printable, lines))

    def show_table(
        self, result: object, columns: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> None:
        """Print the result: the object as JSON, or else these rows."""
        if self.as_json:
            self._show_json(result)
        elif self._out.is_terminal:
            self._out.print(_draw(columns, rows))
        else:
            _write("\t".join(map(printable, row)) for row in [columns, *rows])

    def fail(self, error: Exception) -> None:
        """Say what went wrong: one sentence on standard error, or the JSON object."""
        if self.as_json:
            self._show_json({"error": type(error).__name__, "detail": str(error)})
        else:
            self.aside.print(printable(f"ingest: {error}"))

    def confirm(self, question: str) -> bool:
        """Ask on a terminal; without one the answer is no."""
        if self.as_json or not sys.stdin.isatty():
            return False
        return self.aside.input(printable(f"{question} [y/N] ")).strip().lower() in {"y", "yes"}

    def _show_json(self, result: object) -> None:
        sys.stdout.buffer.write(orjson.dumps(result, default=_plain) + b"\n")
        sys.stdout.buffer.flush()


def _write(lines: Iterable[str]) -> None:
    """Write as they are, with their tabs, which Rich would expand."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _draw(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    return table


def _plain(value: object) -> object:
    """What orjson does not know, as what it does."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
