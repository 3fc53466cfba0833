"""A Document to its Chunks: along its structure, within a limit of tokens, at exact offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Literal

from ingest.blocks import Block, Kind, find_blocks
from rag_core.documents import Chunk, Document
from rag_core.sentences import find_sentences
from rag_core.tokens import TokenCounter

CHUNK_TOKENS = 256
"""What ranked best (design, section 7), and the longest text that MiniLM was trained to embed."""

_CHARACTERS_PER_TOKEN = 16
"""No chunk is longer than this many for each token allowed: to WordPiece a run of any length
without spaces is one unknown token. Prose has four to five."""
_SLAB = 1 << 16
"""Longer blocks are first cut into pieces of this many characters, to bound memory."""
_GROUP = 16
"""Chunks are balanced among this many at a time, for the same reason."""
_FINE = 24
"""Parts of fewer characters stay with a neighbour when a long piece is broken: a file of nothing
but very short lines would be slow."""
_MOST_PARTS = 64
"""Of a piece too short to be broken into parts of `_FINE` characters."""
_TINY = 24
"""Sections of fewer tokens are merged with any neighbour, so that none stands as an orphan."""
_SOLID = ("code", "row")
"""Not cut unless they pass the limit, and then never at sentences."""

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    tokens: int
    size: int
    """The tokens, or more where the characters for each token are too many."""
    kind: Kind
    path: _Path
    header: str


def split_document(
    document: Document, counter: TokenCounter, *, max_tokens: int = CHUNK_TOKENS
) -> tuple[Chunk, ...]:
    """Cut a document into chunks of at most `max_tokens`, in order and without overlap.

    Together they hold all of its text but white space. A chunk's heading path holds for every
    word in it: where small sections share a chunk, it is the path of their parent. Where a chunk
    begins within a table, its path ends with the names of the columns, which stand before it.
    """
    return tuple(_Splitter(document, counter, max_tokens).split())


class _Splitter:
    """One document on its way to chunks."""

    def __init__(self, document: Document, counter: TokenCounter, max_tokens: int) -> None:
        self._document = document
        self._text = document.text
        self._count = counter.count
        self._max = max_tokens

    def split(self) -> Iterator[Chunk]:
        """The chunks in order."""
        sections = _find_sections(self._find_pieces(), _GROUP * self._max)
        for section in filter(None, _merge_sections(sections, self._max)):
            for pieces in self._pack(section):
                yield from self._build(pieces)

    def _find_pieces(self) -> Iterator[_Piece]:
        above: list[tuple[int, str]] = []
        path: _Path = ()
        for block in find_blocks(self._text, self._document.markup):
            if block.heading:
                above = [entry for entry in above if entry[0] < block.level]
                above.append((block.level, block.heading))
                path = tuple(heading for _, heading in above)
            for start, end in _cut(
                self._text, [block.start, *_find_slab_ends(self._text, block), block.end]
            ):
                yield self._make_piece(start, end, block.kind, path, block.header)

    def _make_piece(self, start: int, end: int, kind: Kind, path: _Path, header: str) -> _Piece:
        least = (end - start) // _CHARACTERS_PER_TOKEN
        tokens = least if least > self._max else self._count(self._text[start:end])
        return _Piece(start, end, tokens, max(least, tokens), kind, path, header)

    def _pack(self, pieces: list[_Piece]) -> Iterator[list[_Piece]]:
        """Fill chunks evenly: each is closed where it comes nearest to its share of the rest."""
        queue = deque(pieces)
        rest = sum(piece.size for piece in pieces)
        chunk: list[_Piece] = []
        size = 0
        while queue:
            piece = queue.popleft()
            move = self._choose(chunk, size, piece, rest)
            smaller = self._break(piece) if move == "break" else []
            if smaller:
                rest += sum(part.size for part in smaller) - piece.size
                queue.extendleft(reversed(smaller))
            elif move == "take" or not chunk:
                chunk.append(piece)
                size += piece.size
            else:
                yield chunk
                queue.appendleft(piece)
                rest -= size
                chunk, size = [], 0
        yield chunk

    def _choose(
        self, chunk: list[_Piece], size: int, piece: _Piece, rest: int
    ) -> Literal["take", "break", "close"]:
        """Whether the next piece joins the open chunk, is too big for it as it is, or ends it."""
        share = rest / max(1, -(-rest // self._max))
        bare = all(part.kind == "heading" for part in chunk)
        fits = size + piece.size <= self._max
        if bare:
            return "take" if fits else "break"
        if fits:
            return "take" if size + piece.size / 2 <= share else "close"
        return "close" if size >= share / 2 or self._stays_whole(piece) else "break"

    def _stays_whole(self, piece: _Piece) -> bool:
        return piece.kind in _SOLID and piece.size <= self._max

    def _break(self, piece: _Piece) -> list[_Piece]:
        """The piece in two or more: at its sentences, lines, words or else anywhere."""
        text = self._text[piece.start : piece.end]
        for find_ends in _BREAKS[piece.kind in _SOLID :]:
            ends = (piece.start + end for end in find_ends(text))
            spans = list(_cut(self._text, _thin_out([piece.start, *ends, piece.end])))
            if len(spans) > 1:
                kind, path, header = piece.kind, piece.path, piece.header
                return [self._make_piece(*span, kind, path, header) for span in spans]
        return []

    def _build(self, pieces: list[_Piece]) -> Iterator[Chunk]:
        """The pieces as one chunk; as more when together they count more than one by one."""
        start, end = pieces[0].start, pieces[-1].end
        tokens = self._count_chunk(pieces)
        if max(tokens, (end - start) // _CHARACTERS_PER_TOKEN) <= self._max or end - start == 1:
            yield self._make_chunk(pieces, tokens)
        elif len(pieces) > 1:
            middle = len(pieces) // 2
            yield from self._build(pieces[:middle])
            yield from self._build(pieces[middle:])
        else:
            for smaller in self._pack(self._break(pieces[0])):
                yield from self._build(smaller)

    def _count_chunk(self, pieces: list[_Piece]) -> int:
        first, last = pieces[0], pieces[-1]
        return first.tokens if first is last else self._count(self._text[first.start : last.end])

    def _make_chunk(self, pieces: list[_Piece], tokens: int) -> Chunk:
        start, end = pieces[0].start, pieces[-1].end
        starts = self._document.page_starts
        names = (pieces[0].header,) if pieces[0].header else ()
        return Chunk(
            start=start,
            end=end,
            text=self._text[start:end],
            tokens=tokens,
            page=max(1, bisect_right(starts, start)) if starts else None,
            heading_path=(*_find_common_path(pieces), *names),
        )


def _find_slab_ends(text: str, block: Block) -> Iterator[int]:
    start = block.start
    while block.end - start > _SLAB:
        limit = start + _SLAB
        end = max(text.rfind("\n", start, limit), text.rfind(" ", start, limit))
        start = end if end > start else limit
        yield start


def _cut(text: str, ends: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The spans between these places, without the white space around them."""
    for start, end in pairwise(ends):
        piece = text[start:end]
        bare = piece.lstrip()
        begin = end - len(bare)
        bare = bare.rstrip()
        if bare:
            yield begin, begin + len(bare)


def _thin_out(ends: Sequence[int]) -> Iterator[int]:
    """Leave out places that are very close to the one before; first and last stay."""
    reached = ends[0]
    nearest = min(_FINE, (ends[-1] - reached) // _MOST_PARTS)
    yield reached
    for end in ends[1:-1]:
        if end - reached >= nearest:
            yield end
            reached = end
    yield ends[-1]


def _find_sections(pieces: Iterable[_Piece], limit: int) -> Iterator[list[_Piece]]:
    """A heading, or some in a row, with all that follows until the next one."""
    section: list[_Piece] = []
    size = 0
    for piece in pieces:
        begins = piece.kind == "heading" and section and section[-1].kind != "heading"
        if begins or size > limit:
            yield section
            section, size = [], 0
        section.append(piece)
        size += piece.size
    if section:
        yield section


def _merge_sections(sections: Iterable[list[_Piece]], limit: int) -> Iterator[list[_Piece]]:
    """Small neighbours become one section when they fit in one chunk and are akin."""
    merged: list[_Piece] = []
    size = 0
    for section in sections:
        added = sum(piece.size for piece in section)
        if merged and size + added <= limit and _may_share(merged, section, min(size, added)):
            merged.extend(section)
            size += added
        else:
            yield merged
            merged, size = section, added
    yield merged


def _may_share(section: list[_Piece], other: list[_Piece], smaller: int) -> bool:
    """Whether one is the parent of the other, both have the same parent, or one is tiny."""
    path, next_path = section[-1].path, other[-1].path
    akin = _count_common(path, next_path) >= max(len(path), len(next_path)) - 1
    return akin or smaller < _TINY


def _find_common_path(pieces: list[_Piece]) -> _Path:
    paths = [piece.path for piece in pieces if piece.kind != "heading"]
    path = pieces[-1].path if not paths else paths[0]
    for other in paths:
        path = path[: _count_common(path, other)]
    return path


def _count_common(path: _Path, other: _Path) -> int:
    if path is other:
        return len(path)
    pairs = zip(path, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _find_sentence_ends(text: str) -> list[int]:
    return [end for _, end in find_sentences(text)][:-1]


def _find_line_ends(text: str) -> list[int]:
    return [match.start() for match in re.finditer("\n", text)]


def _find_word_ends(text: str) -> list[int]:
    return [match.end() for match in re.finditer(r"\S+", text)][:-1]


def _find_middle(text: str) -> list[int]:
    return [len(text) // 2]


_BREAKS = (_find_sentence_ends, _find_line_ends, _find_word_ends, _find_middle)
