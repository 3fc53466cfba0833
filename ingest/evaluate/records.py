"""Records of a corpus as the pipeline takes them: their bytes, and who reads and cuts these."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from ingest.engines import Crew
from ingest.evaluate.dataset import Record
from ingest.parsed import Parsed
from ingest.sandbox import Sandbox
from ingest.split import split_document
from rag_core.catalog.storable import storable
from rag_core.documents import Document, Splitting
from rag_core.embedding import Embedder
from rag_core.errors import EmptyDocumentError
from rag_core.tokens import TokenCounter, open_counter


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """A record of a corpus as the bytes that say whether it has changed."""

    record: Record

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path | None]:
        """See `ingest.origins.Origin`."""
        content = write_record(self.record)
        if unless == hashlib.sha256(content).digest():
            yield None
            return
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(content)
            file.flush()
            yield Path(file.name)


@dataclass(frozen=True, slots=True)
class RecordParser:
    """Cuts records: what they say is their text, character by character, so offsets count in it."""

    counter: TokenCounter
    splitting: Splitting

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """See `ingest.quarantine.Parser`."""
        return await asyncio.to_thread(self._parse, path, source)

    def _parse(self, path: Path, source: str) -> Parsed:
        content = path.read_bytes()
        record = Record(**orjson.loads(content))
        title, text = storable(record.title), storable(record.text)
        document = Document(source, title, text, "text/plain", "plain")
        chunks = split_document(document, self.counter, self.splitting)
        if not chunks:
            raise EmptyDocumentError("it holds no text")
        return Parsed(document, chunks, hashlib.sha256(content).digest(), len(content))


@dataclass(frozen=True, slots=True)
class RecordEngine:
    """This machine, for records in place of files."""

    @asynccontextmanager
    async def open(self, embedder: Embedder, sandbox: Sandbox) -> AsyncIterator[Crew]:
        """See `ingest.engines.Engine`."""
        counter = await asyncio.to_thread(open_counter, sandbox.tokenizer)
        yield Crew(RecordParser(counter, sandbox.splitting), embedder)


def write_record(record: Record) -> bytes:
    """The bytes that are another when the record is."""
    return orjson.dumps(record)
