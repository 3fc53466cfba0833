"""Takes files to live documents in three stages that overlap: parse, embed, commit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path

from ingest.embedded import Embedding
from ingest.plan import PlannedFile
from ingest.quarantine import Quarantine
from ingest.report import Progress, Tally
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary, StagedDocument
from rag_core.documents import fits_metadata, hash_file, indexed_texts, new_document_id
from rag_core.errors import DocumentError, LostVectorsError, RagError, UnavailableDocumentError
from rag_core.index import Index
from rag_core.vectors import upkeep

_BATCH_DOCUMENTS = 64
_BATCH_CHUNKS = 1_000
_WAITING_DOCUMENTS = 128
_LEXICAL_SECONDS = 20.0
"""The lexical index follows so often while documents come in, and at the end: each time makes a
segment, and eight of these are merged. A program that serves follows by itself."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is asked for at once; more keeps more processors busy, and more memory in use."""

    parsers: int = 4
    """Files; the sandbox runs as many as there are processors."""
    embedders: int = 2
    """Batches: while one saves its vectors the other keeps the model busy."""
    slice_chunks: int = 96
    """Chunks that are embedded, and then saved, at once: the most that a kill -9 loses."""


PACE = Pace()
"""Of one machine."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """A document between parsing and commit."""

    staged: StagedDocument
    planned_bytes: int
    held_bytes: int = 0
    """As the sandbox counts it."""
    seconds: float = 0.0
    """How long its parser was at it."""


@dataclass(slots=True)
class Flow:
    """One ingest under way."""

    index: Index
    collection: Collection
    quarantine: Quarantine
    """With the sandbox that parses."""
    embedding: Embedding
    live: Mapping[str, DocumentSummary]
    """The live documents of the planned sources."""
    metadata: Mapping[str, str] | None
    """For every file; None keeps what each has."""
    tally: Tally
    progress: Progress
    stop: asyncio.Event
    """When it is set no further file is begun, and what has its vectors is committed."""
    pace: Pace = PACE
    parsed: asyncio.Queue[_Passing | None] = field(
        default_factory=lambda: asyncio.Queue(_WAITING_DOCUMENTS)
    )
    embedded: asyncio.Queue[_Passing | None] = field(
        default_factory=lambda: asyncio.Queue(_WAITING_DOCUMENTS)
    )

    async def run(self, files: Sequence[PlannedFile]) -> None:
        """Ingest these files; a failure of what we stand on is left in the tally."""
        async with asyncio.TaskGroup() as committing:
            committing.create_task(self._commit_all())
            async with asyncio.TaskGroup() as embedding:
                for _ in range(self.pace.embedders):
                    embedding.create_task(self._embed_all())
                await _unless(self.stop, self._parse_all(files))
                await self.parsed.put(None)
            await self.embedded.put(None)

    def _fail(self, error: RagError) -> None:
        self.tally.failure = self.tally.failure or error
        self.stop.set()

    async def _parse_all(self, files: Sequence[PlannedFile]) -> None:
        waiting = iter(files)
        async with asyncio.TaskGroup() as parsing:
            for _ in range(self.pace.parsers):
                parsing.create_task(self._parse_each(waiting))

    async def _parse_each(self, files: Iterator[PlannedFile]) -> None:
        for file in files:
            try:
                await self._take(file)
            except DocumentError as error:
                self.tally.fail(file.source, error, size_bytes=file.size_bytes)
            except RagError as error:
                self._fail(error)
            self.progress(self.tally)

    async def _take(self, file: PlannedFile) -> None:
        """Parse a file, unless it is live as it is, or failed as it is."""
        known = self.live.get(file.source)
        if known is not None and not fits_metadata(known.metadata, self.metadata):
            known = None  # the same bytes do not make it the same
        unless = None if known is None else known.content_hash
        async with file.origin.local(unless=unless) as path:
            if path is not None and not await _is_same(path, known):
                await self._try(file, path)
            elif known is not None:
                self.tally.keep(known, size_bytes=file.size_bytes)
                await self.quarantine.release([file.source])

    async def _try(self, file: PlannedFile, path: Path) -> None:
        held = await self.quarantine.find(file.source, path)
        if held is None:
            await self.parsed.put(await self._parse(file, path))
        else:
            self.tally.hold(held, size_bytes=file.size_bytes)

    async def _parse(self, file: PlannedFile, path: Path) -> _Passing:
        parsed = await self.quarantine.parse(path, source=file.source)
        staged = StagedDocument(
            id=new_document_id(),
            document=parsed.document,
            chunks=parsed.chunks,
            content_hash=parsed.content_hash,
            size_bytes=parsed.size_bytes,
            metadata=self.quarantine.choose_metadata(file.source, self.live.get(file.source)),
        )
        return _Passing(staged, file.size_bytes, parsed.held_bytes, parsed.seconds)

    async def _embed_all(self) -> None:
        while batch := await _next_batch(self.parsed):
            ready: Sequence[_Passing] = ()
            if not self.stop.is_set():
                ready = await self._embed(batch)
            for passing in ready:
                await self.embedded.put(passing)

    async def _embed(self, batch: Sequence[_Passing]) -> Sequence[_Passing]:
        """See to it that the chunks' vectors are in the catalog; returns what is complete."""
        texts, done = _indexed_texts(batch), 0
        try:
            while not self.stop.is_set() and (part := list(islice(texts, self.pace.slice_chunks))):
                await self._embed_texts(part)
                done += len(part)
                self.progress(self.tally)
        except RagError as error:
            self._fail(error)
        ends = accumulate(len(passing.staged.chunks) for passing in batch)
        return [passing for passing, end in zip(batch, ends, strict=True) if end <= done]

    async def _embed_texts(self, texts: Sequence[str]) -> None:
        done = await self.embedding.complete(texts)
        self.tally.embedded += done.embedded
        self.tally.reused += done.reused

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        followed = loop.time()
        while batch := await _next_batch(self.embedded):
            try:
                await self._commit(batch)
                if loop.time() - followed > _LEXICAL_SECONDS:
                    await self.index.lexical.follow(self.index.catalog, self.collection)
                    followed = loop.time()
            except RagError as error:
                self._fail(error)

    async def _commit(self, batch: Sequence[_Passing]) -> None:
        index, staged = self.index, [passing.staged for passing in batch]
        await documents.stage_documents(index.catalog, self.collection, staged)
        ids = [document.id for document in staged]
        try:
            await upkeep.publish(index.catalog, index.vectors, self.collection, ids)
        except LostVectorsError:  # `compact` deleted vectors that were here when we looked
            texts = _indexed_texts(batch)
            while part := list(islice(texts, self.pace.slice_chunks)):
                await self._embed_texts(part)
            await upkeep.publish(index.catalog, index.vectors, self.collection, ids)
        for passing in batch:
            replaces = passing.staged.document.source in self.live
            self.tally.store(
                passing.staged,
                replaces=replaces,
                seconds=passing.seconds,
                size_bytes=passing.planned_bytes,
            )
            self.quarantine.sandbox.give_back(passing.held_bytes)
        self.progress(self.tally)
        await self.quarantine.release([one.document.source for one in staged])


async def finish(flow: Flow) -> None:
    """Bring the lexical index up to date and delete what was replaced, when all has run."""
    index, collection, tally = flow.index, flow.collection, flow.tally
    try:
        await index.lexical.follow(index.catalog, collection)
        if tally.failure is None:
            await upkeep.sweep(index.catalog, index.vectors, collection)
    except RagError as error:
        tally.failure = tally.failure or error


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do this work, or break it off when the stop comes first."""
    doing, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        doing.cancel()
        stopped.cancel()
        await asyncio.wait({doing, stopped})
    if not doing.cancelled():
        doing.result()


async def _next_batch(queue: asyncio.Queue[_Passing | None]) -> list[_Passing]:
    """Wait for a document and take those that wait behind it; empty when no more will come."""
    batch: list[_Passing] = []
    chunks = 0
    while not batch or not (
        queue.empty() or len(batch) >= _BATCH_DOCUMENTS or chunks >= _BATCH_CHUNKS
    ):
        passing = await queue.get()
        if passing is None:
            queue.put_nowait(None)  # for whoever comes next; nothing is put after it
            break
        batch.append(passing)
        chunks += len(passing.staged.chunks)
    return batch


def _indexed_texts(batch: Iterable[_Passing]) -> Iterator[str]:
    for passing in batch:
        yield from indexed_texts(passing.staged.document, passing.staged.chunks)


async def _is_same(path: Path, known: DocumentSummary | None) -> bool:
    if known is None:  # most files of a first run: a thread would cost as much as parsing
        return False
    return await asyncio.to_thread(_has_content, path, known)


def _has_content(path: Path, known: DocumentSummary) -> bool:
    try:
        same_size = path.stat().st_size == known.size_bytes
        return same_size and hash_file(path) == known.content_hash
    except OSError as error:
        raise UnavailableDocumentError(f"cannot read it: {error.strerror or error}") from error
