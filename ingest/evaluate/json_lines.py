"""A file of JSON lines to its objects; whatever is wrong is said with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from ingest.evaluate.errors import DatasetError

_SHOWN_CHARACTERS = 80
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """An object, and where it stands."""

    place: str
    """Such as `questions.jsonl:12`."""
    values: Mapping[str, object]

    def fail(self, what: str) -> DatasetError:
        """Say what is wrong with it."""
        return DatasetError(f"{self.place}: {what}")

    def text(self, *names: str) -> str | None:
        """The text, or the whole number as text, under the first of these names that is there.

        Raises:
            DatasetError: it is something else, or no valid Unicode.
        """
        for name in names:
            value = self.values.get(name)
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                raise self.fail(f"{name!r} must be a text, not {shorten(value)}")
            if value is not None:
                return str(value)
        return None

    def need(self, *names: str) -> str:
        """As `text`, of what must be there and not be blank."""
        value = self.text(*names)
        if value is None or not value.strip():
            raise self.fail(
                f"{names[0]!r} is missing" if value is None else f"{names[0]!r} is empty"
            )
        return value


def shorten(value: object) -> str:
    """Show a value in a message."""
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def read_lines(path: Path) -> Iterator[Line]:
    """Read one object a line, blank lines passed over.

    Raises:
        DatasetError: the file cannot be read, or a line is no JSON object.
    """
    for place, content in read_numbered(path):
        try:
            values = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise DatasetError(f"{place}: no valid JSON: {error}") from error
        if not isinstance(values, dict):
            raise DatasetError(f"{place}: must be a JSON object, not {shorten(values)}")
        yield Line(place, values)


def read_numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read the lines that are not blank, each after its place.

    Raises:
        DatasetError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    for number, line in enumerate(content.removeprefix(_BYTE_ORDER_MARK).split(b"\n"), 1):
        if line.strip():
            yield f"{path}:{number}", line.rstrip(b"\r")


class Ids:
    """The ids of one file, each of which may be there once."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._places: dict[str, str] = {}

    def add(self, line: Line, *names: str) -> str:
        """Read a line's id.

        Raises:
            DatasetError: there is none, or another line has it.
        """
        wanted = line.need(*names)
        if wanted in self._places:
            raise line.fail(f"the {self._kind} {shorten(wanted)} is at {self._places[wanted]}, too")
        self._places[wanted] = line.place
        return wanted
