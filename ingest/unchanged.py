"""Planned files to those that are live as they are, and those that are due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.origins import LocalFile
from ingest.plan import PlannedFile
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog
from rag_core.documents import fits_metadata, hash_file

_BATCH_FILES = 500
_BATCH_BYTES = 64 << 20
"""Of files that are read at once, before anybody is told how far it is."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Some of the planned files, in their order."""

    unchanged: Sequence[DocumentSummary]
    """What is live with the same bytes and metadata."""
    due: Sequence[PlannedFile]
    live: Mapping[str, DocumentSummary]
    """What is live of the sources that are due."""


@dataclass(frozen=True, slots=True)
class Due:
    """All that is due of a plan, and what is live of the same sources."""

    files: list[PlannedFile] = field(default_factory=list)
    live: dict[str, DocumentSummary] = field(default_factory=dict)

    def add(self, compared: Compared) -> None:
        """Keep what is due of some files."""
        self.files.extend(compared.due)
        self.live.update(compared.live)


async def compare_files(
    catalog: Catalog,
    collection: Collection,
    files: Iterable[PlannedFile],
    metadata: Mapping[str, str] | None,
) -> AsyncIterator[Compared]:
    """Tell apart which files have changed, some hundred at a time; None keeps any metadata.

    They are read, for a time of change proves nothing. Of files that are elsewhere nothing is
    known before they are fetched: they are due.
    """
    for batch in batches(files, most_files=_BATCH_FILES, most_bytes=_BATCH_BYTES):
        live = await documents.find_live(catalog, collection, [file.source for file in batch])
        yield await asyncio.to_thread(_compare, batch, live, metadata)


def batches(
    files: Iterable[PlannedFile], *, most_files: int, most_bytes: int
) -> Iterator[list[PlannedFile]]:
    """Cut files into parts; one file may have more bytes than a part should."""
    batch: list[PlannedFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size_bytes
        if len(batch) >= most_files or size >= most_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _compare(
    batch: Sequence[PlannedFile],
    live: Mapping[str, DocumentSummary],
    metadata: Mapping[str, str] | None,
) -> Compared:
    unchanged: list[DocumentSummary] = []
    due: list[PlannedFile] = []
    for file in batch:
        known = live.get(file.source)
        if known is not None and _is_same(file, known, metadata):
            unchanged.append(known)
        else:
            due.append(file)
    left = {file.source: live[file.source] for file in due if file.source in live}
    return Compared(unchanged, due, left)


def _is_same(file: PlannedFile, known: DocumentSummary, metadata: Mapping[str, str] | None) -> bool:
    if known.size_bytes != file.size_bytes or not fits_metadata(known.metadata, metadata):
        return False
    return known.content_hash == (file.content_hash or _hash(file))


def _hash(file: PlannedFile) -> bytes | None:
    """SHA-256 of a file of this machine; None when it is elsewhere, or cannot be read."""
    if not isinstance(file.origin, LocalFile):
        return None
    try:
        return hash_file(file.origin.path)
    except OSError:
        return None  # whoever parses it will say why
