"""A Document to its Chunks: along its structure, within a limit of tokens, at exact offsets."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, takewhile
from typing import Literal

from ingest.blocks import Block, Kind, find_blocks
from ingest.breaks import BREAKS, SOLID, find_sentence_ends, find_whole_ends
from ingest.pieces import (
    Path,
    Piece,
    cut,
    find_common_path,
    find_sections,
    merge_sections,
    thin_out,
    total_size,
)
from rag_core.documents import DEFAULT_SPLITTING, Chunk, Document, Splitting
from rag_core.tokens import TokenCounter

_CHARACTERS_PER_TOKEN = 16
"""No chunk is longer than this many for each token allowed: to WordPiece a run of any length
without spaces is one unknown token. Prose has four to five."""
_SLAB = 1 << 16
"""Longer blocks are first cut into pieces of this many characters, to bound memory."""
_GROUP = 16
"""Chunks are balanced among this many at a time, for the same reason."""


def split_document(
    document: Document, counter: TokenCounter, splitting: Splitting = DEFAULT_SPLITTING
) -> tuple[Chunk, ...]:
    """Cut a document into chunks, in the order of the text.

    Together they hold all of its text but white space. A chunk's heading path holds for every
    word in it: where small sections share a chunk, it is the path of their parent. Where a chunk
    begins within a table, its path ends with the names of the columns, which stand before it.

    With an overlap a chunk that goes on in the middle of a section begins with the last whole
    sentences, or lines of code and tables, of the chunk before it. No overlap crosses a heading:
    the words before it belong elsewhere.
    """
    return tuple(_Splitter(document, counter, splitting).split())


class _Splitter:
    """One document on its way to chunks."""

    def __init__(self, document: Document, counter: TokenCounter, splitting: Splitting) -> None:
        self._document = document
        self._text = document.text
        self._count = counter.count
        self._limit = splitting.chunk_tokens
        self._overlap = splitting.overlap_tokens
        self._max = self._limit - self._overlap
        """Of a chunk without its overlap."""
        self._walls = document.page_starts if splitting.strategy == "pages" else ()
        """What no chunk goes across."""
        self._by_sentence = splitting.strategy == "sentences"

    def split(self) -> Iterator[Chunk]:
        """The chunks in order."""
        before: list[Piece] = []
        for pieces, tokens in self._find_parts():
            yield self._make_chunk(pieces, tokens, before)
            before = pieces

    def _find_parts(self) -> Iterator[tuple[list[Piece], int]]:
        """The pieces of each chunk, and its tokens, without overlap."""
        pieces = self._find_pieces()
        sections = find_sections(pieces, _GROUP * self._max, at_headings=not self._by_sentence)
        merged = filter(None, merge_sections(sections, self._max))
        packed = chain.from_iterable(map(self._pack, merged))
        return chain.from_iterable(map(self._build, packed))

    def _find_pieces(self) -> Iterator[Piece]:
        above: list[tuple[int, str]] = []
        path: Path = ()
        for block in find_blocks(self._text, self._document.markup):
            if block.heading:
                above = [entry for entry in above if entry[0] < block.level]
                above.append((block.level, block.heading))
                path = tuple(heading for _, heading in above)
            ends = _find_first_ends(self._text, block, self._walls, by_sentence=self._by_sentence)
            for span in cut(self._text, [block.start, *ends, block.end]):
                whole = span[0] == block.start or self._by_sentence
                yield self._make_piece(span, block.kind, path, block.header, whole=whole)

    def _make_piece(
        self, span: tuple[int, int], kind: Kind, path: Path, header: str, *, whole: bool
    ) -> Piece:
        start, end = span
        least = (end - start) // _CHARACTERS_PER_TOKEN
        tokens = least if least > self._max else self._count(self._text[start:end])
        page = bisect_right(self._walls, start)
        return Piece(start, end, tokens, max(least, tokens), kind, path, header, page, whole)

    def _pack(self, pieces: list[Piece]) -> Iterator[list[Piece]]:
        """Fill chunks evenly: each is closed where it comes nearest to its share of the rest."""
        queue = deque(pieces)
        rest = total_size(pieces)
        chunk: list[Piece] = []
        size = 0
        while queue:
            piece = queue.popleft()
            move = self._choose(chunk, size, piece, rest)
            smaller = self._break(piece) if move == "break" else []
            if smaller:
                rest += total_size(smaller) - piece.size
                queue.extendleft(reversed(smaller))
            elif move == "take" or not chunk:
                chunk.append(piece)
                size += piece.size
            else:
                queue.appendleft(piece)
                kept = _without_last_headings(chunk)
                queue.extendleft(reversed(chunk[len(kept) :]))
                yield kept
                rest -= total_size(kept)
                chunk, size = [], 0
        yield chunk

    def _choose(
        self, chunk: list[Piece], size: int, piece: Piece, rest: int
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

    def _stays_whole(self, piece: Piece) -> bool:
        return piece.kind in SOLID and piece.size <= self._max

    def _break(self, piece: Piece) -> list[Piece]:
        """The piece in two or more: at its sentences, lines, words or else anywhere."""
        text = self._text[piece.start : piece.end]
        for find_ends, whole in BREAKS[piece.kind in SOLID :]:
            ends = (piece.start + end for end in find_ends(text))
            spans = list(cut(self._text, thin_out([piece.start, *ends, piece.end])))
            if len(spans) > 1:
                kind, path, header = piece.kind, piece.path, piece.header
                wholes = [piece.whole, *[whole] * (len(spans) - 1)]
                return [
                    self._make_piece(span, kind, path, header, whole=one)
                    for span, one in zip(spans, wholes, strict=True)
                ]
        return []

    def _build(self, pieces: list[Piece]) -> Iterator[tuple[list[Piece], int]]:
        """The pieces of one chunk, and its tokens; of more when together they count too many."""
        start, end = pieces[0].start, pieces[-1].end
        tokens = pieces[0].tokens if len(pieces) == 1 else self._count(self._text[start:end])
        if max(tokens, (end - start) // _CHARACTERS_PER_TOKEN) <= self._max or end - start == 1:
            yield pieces, tokens
        elif len(pieces) > 1:
            middle = len(pieces) // 2
            yield from self._build(pieces[:middle])
            yield from self._build(pieces[middle:])
        else:
            for smaller in self._pack(self._break(pieces[0])):
                yield from self._build(smaller)

    def _make_chunk(self, pieces: list[Piece], tokens: int, before: list[Piece]) -> Chunk:
        start, end = pieces[0].start, pieces[-1].end
        if self._overlap:
            start, tokens = self._repeat(pieces, tokens, before)
        starts = self._document.page_starts
        names = (pieces[0].header,) if pieces[0].header else ()
        return Chunk(
            start=start,
            end=end,
            text=self._text[start:end],
            tokens=tokens,
            page=max(1, bisect_right(starts, start)) if starts else None,
            heading_path=(*find_common_path(pieces), *names),
        )

    def _repeat(self, pieces: list[Piece], tokens: int, before: list[Piece]) -> tuple[int, int]:
        """Where a chunk begins, and its tokens, when it repeats what it may of the one before."""
        first, start, end = pieces[0], pieces[0].start, pieces[-1].end
        for earlier in _find_repeatable(self._text, first, before):
            repeated, total = (self._count(self._text[earlier:to]) for to in (first.start, end))
            if repeated > self._overlap or earlier == before[0].start:
                break
            if max(total, (end - earlier) // _CHARACTERS_PER_TOKEN) <= self._limit:
                start, tokens = earlier, total
        return start, tokens


def _find_repeatable(text: str, first: Piece, before: list[Piece]) -> Iterator[int]:
    """Where whole sentences or lines begin in the chunk before, going back from its end."""
    for piece in takewhile(first.is_akin, reversed(before)):
        ends = find_whole_ends(text[piece.start : piece.end], piece.kind)
        places = [piece.start, *(piece.start + end for end in ends), piece.end]
        starts = [start for start, _ in cut(text, places)]
        yield from reversed(starts if piece.whole else starts[1:])


def _find_first_ends(
    text: str, block: Block, walls: Sequence[int], *, by_sentence: bool
) -> list[int]:
    """Where a block is cut even if all of it would fit, in order."""
    ends = set(_find_slab_ends(text, block))
    ends.update(wall for wall in walls if block.start < wall < block.end)
    if by_sentence and block.kind not in (*SOLID, "heading"):
        ends.update(block.start + end for end in find_sentence_ends(text[block.start : block.end]))
    return sorted(ends)


def _find_slab_ends(text: str, block: Block) -> Iterator[int]:
    start = block.start
    while block.end - start > _SLAB:
        limit = start + _SLAB
        end = max(text.rfind("\n", start, limit), text.rfind(" ", start, limit))
        start = end if end > start else limit
        yield start


def _without_last_headings(chunk: list[Piece]) -> list[Piece]:
    """A chunk's pieces up to the last that is no heading: a heading stays with what follows."""
    last = next((n for n, piece in enumerate(reversed(chunk)) if piece.kind != "heading"), 0)
    return chunk[: len(chunk) - last]
