"""Keeps files that failed from failing again with the same bytes, until something is different."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.parsed import Parsed
from ingest.program import name_program
from ingest.sandbox import Sandbox, open_sandbox
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog
from rag_core.catalog.quarantine import (
    FailedFile,
    Quarantined,
    forget_failures,
    give_metadata,
    list_quarantined,
    remember_failure,
)
from rag_core.documents import Splitting, hash_file
from rag_core.errors import DocumentError, EncryptedDocumentError, UnavailableDocumentError

_Moment = tuple[int, int, int, int]
"""Inode, size and times of a file."""


class Parser(Protocol):
    """Reads and cuts files."""

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """Read and cut one file, when enough of what was parsed is done with.

        Raises:
            DocumentError: this file cannot be parsed.
            RagError: no file can.
        """


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file held when it failed."""

    hash: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which an ingest parses."""

    tokenizer: str
    """As `rag_core.tokens.open_counter` takes it."""
    splitting: Splitting
    metadata: Mapping[str, str] | None = None
    """For every file; None when none was given."""
    passwords: Sequence[str] = field(default=(), repr=False)
    """What asked for one is tried again when some are given."""
    again: bool = False
    """Whether all is tried again."""


@dataclass(slots=True)
class Quarantine:
    """A sandbox that remembers what failed in it, for one collection; use `open_quarantine`."""

    catalog: Catalog
    collection: Collection
    sandbox: Sandbox
    terms: Terms
    program: str
    """As `name_program` says it."""
    held: dict[str, Quarantined] = field(default_factory=dict)
    """By source."""
    parser: Parser | None = None
    """What parses in place of the sandbox, under its bounds."""

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """Read and cut one file, as the sandbox does, and remember what fails by its own fault.

        Raises:
            DocumentError: as the sandbox says.
            ConfigurationError: no worker can be started.
            CatalogUnavailableError: it cannot be remembered.
        """
        before = _look_at(path)
        parser = self.sandbox if self.parser is None else self.parser
        try:
            return await parser.parse(path, source=source)
        except UnavailableDocumentError:
            raise
        except DocumentError as error:
            await self._remember(source, path, error, before=before)
            raise

    async def find(self, source: str, path: Path) -> Quarantined | None:
        """What is known of a file that need not be tried again; `path` has its bytes now.

        Raises:
            CatalogUnavailableError: the metadata that is given now cannot be kept for it.
        """
        held = self.held.get(source)
        if held is None or self._may_differ(held.file):
            return None
        if not await asyncio.to_thread(_is_same, path, held.file):
            return None
        wanted = self.terms.metadata
        if wanted is not None and wanted != held.file.metadata:
            await give_metadata(self.catalog, self.collection, source, wanted)
        return held

    def choose_metadata(self, source: str, known: DocumentSummary | None) -> Mapping[str, str]:
        """What is given now, or was when the file failed, or what its live document has."""
        held = self.held.get(source)
        for given in (self.terms.metadata, None if held is None else held.file.metadata):
            if given is not None:
                return given
        return {} if known is None else known.metadata

    async def release(self, sources: Sequence[str]) -> None:
        """Forget files that are well now.

        Raises:
            CatalogUnavailableError: they cannot be forgotten.
        """
        well = [source for source in sources if source in self.held]
        if well:
            await forget_failures(self.catalog, self.collection, well)
            for source in well:
                self.held.pop(source, None)

    def _may_differ(self, file: FailedFile) -> bool:
        """Whether the same bytes may be read this time."""
        asked = file.error == EncryptedDocumentError.__name__
        with_passwords = asked and bool(self.terms.passwords)
        return self.terms.again or file.program != self.program or with_passwords

    async def _remember(
        self, source: str, path: Path, error: DocumentError, *, before: _Moment | None
    ) -> None:
        content = await asyncio.to_thread(_read_content, path, before)
        if content is None:
            return
        held = self.held.get(source)
        metadata = self.terms.metadata
        if metadata is None and held is not None:
            metadata = held.file.metadata
        failed = FailedFile(
            source=source,
            content_hash=content.hash,
            size_bytes=content.size_bytes,
            error=type(error).__name__,
            detail=str(error),
            program=self.program,
            metadata=metadata,
        )
        await remember_failure(self.catalog, self.collection, failed)


@asynccontextmanager
async def open_quarantine(
    catalog: Catalog, collection: Collection, terms: Terms
) -> AsyncIterator[Quarantine]:
    """Open a sandbox, and read what is in the quarantine of a collection.

    Raises:
        CatalogUnavailableError: it cannot be read.
    """
    held = {one.file.source: one for one in await list_quarantined(catalog, collection)}
    async with open_sandbox(
        tokenizer=terms.tokenizer, splitting=terms.splitting, passwords=terms.passwords
    ) as sandbox:
        program = name_program(sandbox.limits)
        yield Quarantine(catalog, collection, sandbox, terms, program, held)


def _is_same(path: Path, file: FailedFile) -> bool:
    try:
        return path.stat().st_size == file.size_bytes and hash_file(path) == file.content_hash
    except OSError:
        return False  # whoever reads it next says why


def _read_content(path: Path, before: _Moment | None) -> _Content | None:
    """What a file holds; None when it was written to since that moment: it may be well now."""
    try:
        content = _Content(hash_file(path), path.stat().st_size)
    except OSError:
        return None
    return content if before is not None and _look_at(path) == before else None


def _look_at(path: Path) -> _Moment | None:
    """What is another when a file was written to; None when it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
