"""What passes between the sandbox and its worker processes: frames of JSON over two pipes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.documents import Chunk, Document

LENGTH_BYTES = 8
"""Each frame is its length, big endian, and then so many bytes of JSON."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file, read and cut."""

    document: Document
    chunks: tuple[Chunk, ...]
    """At least one."""
    content_hash: bytes
    """SHA-256 of the bytes that were parsed."""
    size_bytes: int


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


def put_together(accepted: Accepted) -> Parsed:
    """Slice the chunks' texts out of the document's again."""
    text = accepted.document.text
    chunks = tuple(part.slice_from(text) for part in accepted.cuts)
    return Parsed(
        accepted.document, chunks, bytes.fromhex(accepted.content_hash), accepted.size_bytes
    )
