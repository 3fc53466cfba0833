"""The nouns of both lines: a Document is cut into Chunks, a Chunk comes back as a Passage."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from rag_core.confidence import confidence

Markup = Literal["markdown", "plain"]
Strategy = Literal["structure", "sentences", "pages"]

_ID_RANDOM_BYTES = 6
_HEADING_SEPARATOR = " > "
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """A source text, whole, as its loader read it."""

    source: str
    """Absolute path or URL: the document's name within its collection."""
    title: str
    text: str
    """What every offset counts in, by Unicode code points."""
    media_type: str
    """Of the source, such as `application/pdf`."""
    markup: Markup
    """How `text` is written: loaders of structured formats write Markdown."""
    page_starts: tuple[int, ...] = ()
    """Where each page begins in `text`, in order; empty when the format has no pages."""
    warnings: tuple[str, ...] = ()
    """What was lost in reading, one sentence each."""
    language: str = ""
    """ISO 639-1, as `detect_language` names it; empty when it cannot be told."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous part of a document: `document.text[chunk.start:chunk.end] == chunk.text`."""

    start: int
    end: int
    """Half open, in Unicode code points."""
    text: str
    tokens: int
    """Of `text` alone, counted by the embedding model's tokenizer."""
    page: int | None = None
    """From 1; of the chunk's first character; None when the format has no pages."""
    heading_path: tuple[str, ...] = ()
    """The headings above the chunk, outermost first."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """How all documents of a collection are read and cut into chunks."""

    chunk_tokens: int = 256
    """The most that a chunk has. 256 ranked best (design, section 7), and is the longest text that
    MiniLM was trained to embed."""
    overlap_tokens: int = 0
    """The most that a chunk repeats of the one before it; less than half of a chunk."""
    strategy: Strategy = "structure"
    fields: tuple[str, ...] = ()
    """Of records of JSON, those that are read, such as `author.name`; all when there are none."""

    def __post_init__(self) -> None:
        """Take the fields as a list, too: JSON knows no other."""
        object.__setattr__(self, "fields", tuple(self.fields))

    def __str__(self) -> str:
        cut = f"{self.chunk_tokens} tokens, overlap {self.overlap_tokens}, by {self.strategy}"
        return f"{cut}, of the fields {', '.join(self.fields)}" if self.fields else cut


DEFAULT_SPLITTING = Splitting()


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk returned for a question, with its scores."""

    chunk_id: str
    document_id: str
    collection: str
    source: str
    title: str
    text: str
    start: int
    end: int
    """`document_text[start:end] == text`, in Unicode code points."""
    page: int | None
    heading_path: tuple[str, ...]
    score: float
    """Cosine similarity of question and chunk, in [-1, 1], higher is closer."""
    lexical_score: float
    """BM25 of words, their pairs and headings: 0 or more, without an upper bound."""
    fused_score: float
    """Of both, as `rag_core.search` defines it; absolute, so it may be held to a threshold."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    rerank_score: float | None = None
    """By a reranker, higher fits better, on its own scale; None when none has read it."""
    chunks: int = 1
    """How many it was merged from; more than one may be longer than the chunk of its id."""
    also_in: tuple[str, ...] = ()
    """Sources of other documents that say nearly the same, and were left out for that."""

    @property
    def confidence(self) -> float:
        """The probability that the collection speaks of what was asked, if this is the best."""
        return confidence(self.fused_score)


class Scored(Protocol):
    """A passage, or what is shown of one."""

    @property
    def collection(self) -> str:
        """Its name."""

    @property
    def fused_score(self) -> float:
        """As of a passage."""

    @property
    def rerank_score(self) -> float | None:
        """As of a passage."""


def weigh(scored: Scored, weights: Mapping[str, float]) -> float:
    """What a passage is placed by: its score, of a reranker when there is one, and the weight.

    `weights` are of the collections, 1 where there is none.
    """
    score = scored.fused_score if scored.rerank_score is None else scored.rerank_score
    return weigh_score(score, weights.get(scored.collection, 1.0))


def weigh_score(score: float, weight: float) -> float:
    """What a passage is placed by: its score and the weight of its collection."""
    # Below 0 (a cosine, some rerankers) a larger weight must not push a passage down.
    return score * weight if score > 0 else score / weight


def new_document_id() -> str:
    """24 hexadecimal digits that sort by the time of making."""
    milliseconds = time.time_ns() // 1_000_000
    return milliseconds.to_bytes(6, "big").hex() + os.urandom(_ID_RANDOM_BYTES).hex()


def chunk_id(document_id: str, position: int) -> str:
    """Name the chunk at this position, from 0, of a document."""
    return f"{document_id}-{position}"


def document_of(chunk_id: str) -> str:
    """Name the document that a chunk is of."""
    return chunk_id.rpartition("-")[0]


def join_headings(title: str, heading_path: tuple[str, ...]) -> str:
    """Title and headings above a chunk in one line, each said once; empty when there are none."""
    return _HEADING_SEPARATOR.join(_headings(title, heading_path))


def indexed_text(title: str, heading_path: tuple[str, ...], text: str) -> str:
    """What both halves of the search index for a chunk: title and headings, then its text.

    A last heading that the text begins with is said there only.
    """
    headings = _headings(title, heading_path)
    if headings and headings[-1] == _first_line(text):
        headings.pop()
    return "\n".join([_HEADING_SEPARATOR.join(headings), text] if headings else [text])


def indexed_texts(document: Document, chunks: Iterable[Chunk]) -> Iterator[str]:
    """The indexed text of each chunk of a document."""
    for chunk in chunks:
        yield indexed_text(document.title, chunk.heading_path, chunk.text)


def _headings(title: str, heading_path: tuple[str, ...]) -> list[str]:
    headings = [heading for heading in heading_path if heading != title]
    return [title, *headings] if title else headings


def _first_line(text: str) -> str:
    return text.partition("\n")[0].lstrip("#").strip()


def fits_metadata(metadata: Mapping[str, str], wanted: Mapping[str, str] | None) -> bool:
    """Whether a document has just the metadata that is wanted; any will do for None."""
    return wanted is None or dict(metadata) == dict(wanted)


def hash_text(text: str) -> bytes:
    """32 bytes that name a text; a vector is cached under those of its indexed text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def hash_file(path: str | Path) -> bytes:
    """The SHA-256 of a file, 32 bytes; raises OSError."""
    digest = hashlib.sha256()
    # Without a buffer: half of what a small file takes would go into making one.
    with open(path, "rb", buffering=0) as content:  # noqa: PTH123 - the same
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()
