"""What passes between the sandbox and its worker processes: frames of JSON over two pipes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag_core.documents import Chunk, Document
from rag_core.errors import UnreadableDocumentError
from rag_core.languages import known_language

LENGTH_BYTES = 8
"""Each frame is its length, big endian, and then so many bytes of JSON."""

_TITLE_CHARACTERS = 1_000
_WARNINGS = 50
_WARNING_CHARACTERS = 500
_HASH_CHARACTERS = 64
_MAX_NUMBER = 1 << 30
"""No count in an answer is larger: a database takes up to twice of it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file, read and cut."""

    document: Document
    chunks: tuple[Chunk, ...]
    """At least one."""
    content_hash: bytes
    """SHA-256 of the bytes that were parsed."""
    size_bytes: int
    seconds: float = 0.0
    """How long its parser was at it."""
    held_bytes: int = 0
    """What it counts for among all that is parsed and not done with."""


@dataclass(frozen=True, slots=True)
class ParseRequest:
    """What the sandbox asks a worker."""

    path: str
    source: str
    memory_bytes: int
    """That this file may take beyond what the worker holds already."""
    seconds: int
    """Of processor time."""
    passwords: tuple[str, ...] = ()
    """To try in turn where a file asks for one."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A chunk without its text, which is a slice of the document's."""

    start: int
    end: int
    tokens: int
    page: int | None
    heading_path: tuple[str, ...]

    def slice_from(self, text: str) -> Chunk:
        """The chunk, with its text out of the document's."""
        return Chunk(
            start=self.start,
            end=self.end,
            text=text[self.start : self.end],
            tokens=self.tokens,
            page=self.page,
            heading_path=self.heading_path,
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first answer: its libraries are loaded."""

    ready: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker's answer to a file that it cannot parse, or why it cannot begin."""

    error: str
    """A class name of `rag_core.errors`."""
    detail: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A worker's answer to a file that it parsed."""

    document: Document
    cuts: tuple[Cut, ...]
    content_hash: str
    """Hexadecimal."""
    size_bytes: int


Answer = Accepted | Refused | Ready


def cut(chunks: Sequence[Chunk]) -> tuple[Cut, ...]:
    """Leave out the texts."""
    return tuple(
        Cut(chunk.start, chunk.end, chunk.tokens, chunk.page, chunk.heading_path)
        for chunk in chunks
    )


def put_together(accepted: Accepted, *, source: str, seconds: float = 0.0) -> Parsed:
    """Slice the chunks' texts out of the document's again.

    The worker that answers may have been taken over by its file: the document is that of
    `source`, whatever the answer says, and what does not fit together is refused.

    Raises:
        UnreadableDocumentError: it does not.
    """
    document = accepted.document
    if not (_are_pages(document) and all(_is_slice(one, document) for one in accepted.cuts)):
        raise UnreadableDocumentError("the parser answered with offsets that are not in the text")
    if not (accepted.cuts and _is_file(accepted)):
        raise UnreadableDocumentError("the parser answered with garbage")
    chunks = tuple(part.slice_from(document.text) for part in accepted.cuts)
    bounded = replace(
        document,
        source=source,
        title=document.title[:_TITLE_CHARACTERS],
        language=known_language(document.language),
        warnings=tuple(text[:_WARNING_CHARACTERS] for text in document.warnings[:_WARNINGS]),
    )
    content_hash = bytes.fromhex(accepted.content_hash)
    return Parsed(bounded, chunks, content_hash, accepted.size_bytes, seconds)


def _are_pages(document: Document) -> bool:
    starts = document.page_starts
    within = all(0 <= start <= len(document.text) for start in starts)
    return within and all(one <= other for one, other in pairwise(starts))


def _is_slice(part: Cut, document: Document) -> bool:
    pages = len(document.page_starts)
    return (
        0 <= part.start < part.end <= len(document.text)
        and 0 <= part.tokens <= _MAX_NUMBER
        and (part.page is None or 1 <= part.page <= pages)
    )


def _is_file(accepted: Accepted) -> bool:
    digits = accepted.content_hash
    return (
        len(digits) == _HASH_CHARACTERS
        and set(digits) <= set("0123456789abcdef")
        and 0 <= accepted.size_bytes <= _MAX_NUMBER
    )
