"""The pieces that chunks are made of, and the sections that keep pieces together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from ingest.blocks import Kind

_FINE = 24
"""Parts of fewer characters stay with a neighbour when a long piece is broken: a file of nothing
but very short lines would be slow."""
_MOST_PARTS = 64
"""Of a piece too short to be broken into parts of `_FINE` characters."""
_TINY = 24
"""Sections of fewer tokens are merged with any neighbour, so that none stands as an orphan."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is in one chunk."""

    start: int
    end: int
    tokens: int
    size: int
    """The tokens, or more where the characters for each token are too many."""
    kind: Kind
    path: Path
    header: str
    page: int
    """The same where pages do not matter; pieces of different ones share no chunk."""
    whole: bool
    """Whether a sentence or a line begins here; else it was cut off between words, or anywhere."""

    def is_akin(self, other: Piece) -> bool:
        """Whether both are below the same headings and columns, and neither is a heading."""
        mine, theirs = (self.path, self.header, self.page), (other.path, other.header, other.page)
        return mine == theirs and "heading" not in (self.kind, other.kind)


def total_size(pieces: Iterable[Piece]) -> int:
    """The sizes of pieces together."""
    return sum(piece.size for piece in pieces)


def cut(text: str, ends: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The spans between these places, without the white space around them."""
    for start, end in pairwise(ends):
        piece = text[start:end]
        bare = piece.lstrip()
        begin = end - len(bare)
        bare = bare.rstrip()
        if bare:
            yield begin, begin + len(bare)


def thin_out(ends: Sequence[int]) -> Iterator[int]:
    """Leave out places that are very close to the one before; first and last stay."""
    reached = ends[0]
    nearest = min(_FINE, (ends[-1] - reached) // _MOST_PARTS)
    yield reached
    for end in ends[1:-1]:
        if end - reached >= nearest:
            yield end
            reached = end
    yield ends[-1]


def find_sections(
    pieces: Iterable[Piece], limit: int, *, at_headings: bool
) -> Iterator[list[Piece]]:
    """A heading, or some in a row, with all that follows until the next one, or the next page.

    Or with all that follows up to a limit of tokens, whatever headings are in it.
    """
    section: list[Piece] = []
    size = 0
    for piece in pieces:
        before = section[-1] if section else piece
        most = 2 * limit if before.kind == "heading" else limit
        if section and (size > most or _begins(piece, before, at_headings=at_headings)):
            yield section
            section, size = [], 0
        section.append(piece)
        size += piece.size
    if section:
        yield section


def _begins(piece: Piece, before: Piece, *, at_headings: bool) -> bool:
    """Whether a section begins with this piece."""
    headed = at_headings and piece.kind == "heading" and before.kind != "heading"
    return headed or piece.page != before.page


def merge_sections(sections: Iterable[list[Piece]], limit: int) -> Iterator[list[Piece]]:
    """Small neighbours become one section when they fit in one chunk and are akin."""
    merged: list[Piece] = []
    size = 0
    for section in sections:
        added = total_size(section)
        if merged and size + added <= limit and _may_share(merged, section, min(size, added)):
            merged.extend(section)
            size += added
        else:
            yield merged
            merged, size = section, added
    yield merged


def _may_share(section: list[Piece], other: list[Piece], smaller: int) -> bool:
    """Whether one is the parent of the other, both have the same parent, or one is tiny."""
    if section[-1].page != other[0].page:
        return False
    path, next_path = section[-1].path, other[-1].path
    akin = _count_common(path, next_path) >= max(len(path), len(next_path)) - 1
    return akin or smaller < _TINY


def find_common_path(pieces: Sequence[Piece]) -> Path:
    """The headings that hold for all of these pieces, outermost first."""
    paths = [piece.path for piece in pieces if piece.kind != "heading"]
    path = pieces[-1].path if not paths else paths[0]
    for other in paths:
        path = path[: _count_common(path, other)]
    return path


def _count_common(path: Path, other: Path) -> int:
    if path is other:
        return len(path)
    pairs = zip(path, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
