"""A text and the ranges of it that are cited → HTML with just these marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise


def mark_ranges(text: str, ranges: Iterable[tuple[int, int]], *, start: int, prefix: str) -> str:
    """Escape the text and mark the ranges, which may overlap; what lies outside is left out.

    `start` is where the text begins in its document; ranges count in that document, in Unicode
    code points. A mark has the id `<prefix>-<where its range begins>`; ids are given once.
    """
    within = sorted({_cut(first - start, last - start, len(text)) for first, last in ranges})
    within = [(first, last) for first, last in within if first < last]
    edges = sorted({0, len(text), *(edge for one in within for edge in one)})
    pieces = pairwise(edges)
    return "".join(_piece(text, one, within, start=start, prefix=prefix) for one in pieces)


def mark_id(prefix: str, start: int) -> str:
    """The id of the mark whose range begins there."""
    return f"{prefix}-{start}"


def _piece(
    text: str,
    piece: tuple[int, int],
    ranges: Sequence[tuple[int, int]],
    *,
    start: int,
    prefix: str,
) -> str:
    first, last = piece
    shown = escape(text[first:last])
    if not any(one <= first and last <= other for one, other in ranges):
        return shown
    begins = any(one == first for one, _ in ranges)
    identity = f' id="{escape(mark_id(prefix, first + start))}" tabindex="-1"' if begins else ""
    return f"<mark{identity}>{shown}</mark>"


def _cut(first: int, last: int, length: int) -> tuple[int, int]:
    return max(0, min(first, length)), max(0, min(last, length))
