"""What is to be drawn, and what came of it, as they pass between the API and its child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fault = Literal["changed", "encrypted", "broken", "memory", "page"]
"""Why there is no picture: what a child says of a file."""


@dataclass(frozen=True, slots=True)
class Order:
    """A page of a PDF that is to be drawn; all that its picture depends on."""

    content_hash: str
    """SHA-256 of the file, in hexadecimal digits."""
    size_bytes: int
    page: int
    """From 1."""
    text: str
    """Of the page, as the document has it."""
    ranges: tuple[tuple[int, int], ...]
    """To be marked; half open, from the beginning of `text`."""
    width: int
    """In pixels; a page that would be too large is drawn smaller."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as a picture."""

    png: bytes
    marked_share: float
    """Of the letters that were to be marked; from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a child says before the picture, in a line of JSON."""

    fault: Fault | None = None
    marked_share: float = 0.0
