"""What a check of the stores found: one Finding for each kind of fault, with the way to mend it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rag_core.catalog.audit import StoredDocument
from rag_core.documents import hash_text, indexed_text

Check = Literal[
    "text",
    "hash",
    "pages",
    "counts",
    "cache",
    "vectors-missing",
    "vectors-unknown",
    "vectors-unfound",
    "vectors-broken",
    "words-missing",
    "words-unknown",
    "words-behind",
]
_EXAMPLES = 5
_HASH_BYTES = 32
_REPLACED = "\ufffd"
_AGAIN = "ingest remove DOCUMENT, then ingest add its file"
_REPAIR = "ingest repair"
_SAID: dict[Check, tuple[str, str]] = {
    "text": ("chunks that are not the part of their document's text that they say", _AGAIN),
    "hash": ("chunks or documents with a hash that is not theirs", _AGAIN),
    "pages": ("documents whose pages do not fit their text or chunks", _AGAIN),
    "counts": ("documents that count other chunks or tokens than they have", _AGAIN),
    "cache": ("chunks without a sound vector in the catalog, to be embedded again", _REPAIR),
    "vectors-missing": ("chunks without a vector in Chroma", _REPAIR),
    "vectors-unknown": ("vectors in Chroma that belong to nothing in the catalog", _REPAIR),
    "vectors-unfound": ("vectors, of those tried, that a query does not find", _REPAIR),
    "vectors-broken": ("Chroma collections that cannot be used", _REPAIR),
    "words-missing": ("chunks that are not in the lexical index", _REPAIR),
    "words-unknown": ("entries of the lexical index that belong to no live chunk", _REPAIR),
    "words-behind": ("changes that have not come to the lexical index", _REPAIR),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of fault in a collection."""

    check: Check
    count: int
    detail: str
    """One sentence."""
    examples: tuple[str, ...]
    """Ids of chunks or documents, the first few."""
    mend: str
    """The command that mends it."""


@dataclass(slots=True)
class Findings:
    """The faults found so far, however many, in bounded memory."""

    counts: dict[Check, int] = field(default_factory=dict)
    examples: dict[Check, list[str]] = field(default_factory=dict)

    def add(self, check: Check, ids: Sequence[str] = (), *, count: int | None = None) -> None:
        """Count faults of a kind; the first few ids, or words about it, are kept."""
        found = len(ids) if count is None else count
        if found > 0:
            self.counts[check] = self.counts.get(check, 0) + found
            kept = self.examples.setdefault(check, [])
            kept += ids[: _EXAMPLES - len(kept)]

    def all(self) -> tuple[Finding, ...]:
        """Put each kind into a sentence."""
        return tuple(self._describe(check) for check in _SAID if check in self.counts)

    def _describe(self, check: Check) -> Finding:
        said, mend = _SAID[check]
        count, examples = self.counts[check], tuple(self.examples[check])
        such_as = f" (such as {', '.join(examples)})" if examples else ""
        return Finding(check, count, f"{said}: {count:,}{such_as}", examples, mend)


def check_document(document: StoredDocument, findings: Findings) -> None:
    """Hold a document's rows against each other: texts, offsets, pages, hashes, counts."""
    chunks = document.chunks
    findings.add(
        "text", [one.id for one in chunks if document.text[one.start : one.end] != one.text]
    )
    findings.add("hash", list(_wrong_hashes(document)))
    if not _pages_fit(document):
        findings.add("pages", [document.id])
    counted = len(chunks), sum(chunk.tokens for chunk in chunks)
    if counted != (document.chunk_count, document.token_count):
        findings.add("counts", [document.id])


def _wrong_hashes(document: StoredDocument) -> Iterator[str]:
    if len(document.content_hash) != _HASH_BYTES:
        yield document.id
    for chunk in document.chunks:
        text = indexed_text(document.title, chunk.heading_path, chunk.text)
        # A character that no database takes was hashed as it came, and stored as another.
        if hash_text(text) != chunk.vector_hash and _REPLACED not in text:
            yield chunk.id


def _pages_fit(document: StoredDocument) -> bool:
    starts = document.page_starts
    if not starts:
        return all(chunk.page is None for chunk in document.chunks)
    in_text = starts[0] >= 0 and starts[-1] <= len(document.text)
    in_order = list(starts) == sorted(starts)
    return (
        in_text
        and in_order
        and all(
            chunk.page == max(1, bisect_right(starts, chunk.start)) for chunk in document.chunks
        )
    )
