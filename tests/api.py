"""The application over its ASGI transport, with a library in memory and a scripted chat model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from fastapi import FastAPI

from rag_api.admission import Runs
from rag_api.answer import ModelAnswerer
from rag_api.app import create_app
from rag_api.chat import ChatPart, Finish, Message, Text, Usage
from rag_api.demo_child import COMMAND
from rag_api.embeddings import Embeddings
from rag_api.jobs import JobWatch
from rag_api.parts import Parts
from rag_api.requests import CollectionView, DocumentView, SourceView
from rag_core.catalog.feedback import RatedAnswer, Thumb
from rag_core.catalog.jobs import Job, Selection, Wanted
from rag_core.documents import Passage
from rag_core.errors import CollectionNotFoundError, DocumentNotFoundError, JobNotFoundError
from rag_core.query import Found, Query
from rag_core.settings import Settings
from rag_core.tokens import open_counter
from tests.fakes import WordEmbedder

TEXT = "Intro.\n\n# Price\n\nIt costs <b>12</b> euros.\n"
QUOTE = "It costs <b>12</b> euros."
START = TEXT.index(QUOTE)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
PASSAGE = Passage(
    chunk_id="d1-0",
    document_id="d1",
    collection="default",
    source="/docs/price.md",
    title="Prices & more",
    text=QUOTE,
    start=START,
    end=START + len(QUOTE),
    page=2,
    heading_path=("Price",),
    score=0.7,
    lexical_score=3.0,
    fused_score=0.6,
)
DOCUMENT = DocumentView(
    id="d1",
    collection="default",
    source="/docs/price.md",
    title="Prices & more",
    media_type="text/markdown",
    size_bytes=len(TEXT),
    chunks=1,
    tokens=9,
    metadata={"team": "sales"},
    content_hash="00" * 32,
    created_at=MADE_AT,
    language="en",
    text=TEXT,
    page_starts=(0, 8),
)
SOURCE = SourceView(
    chunk_id="d1-0",
    document_id="d1",
    source=PASSAGE.source,
    title=PASSAGE.title,
    page=2,
    heading_path=("Price",),
    start=START,
    end=START + len(QUOTE),
    text=QUOTE,
    metadata={},
)


@dataclass
class MemoryLibrary:
    """One document; keeps the queries that it was asked."""

    document: DocumentView = DOCUMENT
    source: SourceView = SOURCE
    failure: Exception | None = None
    passages: Sequence[Passage] = (PASSAGE,)
    queries: list[str] = field(default_factory=list)
    wanted: list[Query] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    async def search(self, query: Query, *, collections: Mapping[str, float]) -> Found:
        if self.failure is not None:
            raise self.failure
        for collection in collections:
            if collection != "default":
                raise CollectionNotFoundError(collection, ["default"])
        self.queries.append(query.text)
        self.wanted.append(query)
        return Found(self.passages[: query.top_k])

    async def read_stretches(self, wanted: Sequence[tuple[str, int, int]]) -> Sequence[str | None]:
        return [self.document.text[start:end] for _, start, end in wanted]

    async def read_vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        return {one: np.eye(2)[place % 2] for place, one in enumerate(chunk_ids)}

    async def list_collections(self) -> Sequence[CollectionView]:
        return [
            CollectionView(
                name="default",
                documents=1,
                chunks=1,
                tokens=9,
                fingerprint="fake/8",
                created_at=MADE_AT,
            )
        ]

    async def read_document(self, document_id: str) -> DocumentView:
        if document_id != self.document.id or document_id in self.removed:
            raise DocumentNotFoundError(document_id)
        return self.document

    async def remove_document(self, document_id: str) -> None:
        await self.read_document(document_id)
        self.removed.append(document_id)

    async def read_source(self, chunk_id: str) -> SourceView:
        if chunk_id != self.source.chunk_id:
            raise DocumentNotFoundError(chunk_id)
        return self.source


@dataclass
class MemoryJobs:
    """Jobs that no worker takes; a test changes them by `change`."""

    kept: dict[str, Job] = field(default_factory=dict)
    failure: Exception | None = None

    async def add(self, wanted: Wanted) -> Job:
        if self.failure is not None:
            raise self.failure
        job = Job(
            id=wanted.id,
            collection=wanted.collection,
            state="queued",
            files=wanted.files,
            url=wanted.url,
            metadata=wanted.metadata,
            progress={},
            report=None,
            error=None,
            detail=None,
            cancelling=False,
            attempts=0,
            worker=None,
            due_at=MADE_AT,
            version=1,
            created_at=MADE_AT,
            started_at=None,
            finished_at=None,
        )
        self.kept[job.id] = job
        return job

    async def find(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        if self.failure is not None:
            raise self.failure
        return {key: job for key, job in self.kept.items() if key in job_ids}

    async def list(self, selection: Selection) -> Sequence[Job]:
        newest = sorted(self.kept.values(), key=lambda job: job.id, reverse=True)
        return [
            job
            for job in newest
            if (selection.after is None or job.id < selection.after)
            and selection.state in {None, job.state}
            and selection.collection in {None, job.collection}
        ][: selection.limit]

    async def cancel(self, job_id: str) -> Job:
        if job_id not in self.kept:
            raise JobNotFoundError(job_id)
        if self.kept[job_id].ended:
            return self.kept[job_id]
        return self.change(job_id, state="cancelled")

    def change(self, job_id: str, **values: Any) -> Job:
        job = self.kept[job_id]
        self.kept[job_id] = replace(job, version=job.version + 1, **values)
        return self.kept[job_id]


@dataclass
class MemoryRatings:
    """Thumbs with their answers, by answer and who rates."""

    kept: dict[tuple[str, str], tuple[Thumb, RatedAnswer]] = field(default_factory=dict)

    async def rate(self, thumb: Thumb, answer: RatedAnswer | None) -> bool:
        key = (thumb.answer_id, thumb.rated_by)
        known = self.kept[key][1] if key in self.kept else answer
        if known is not None:
            self.kept[key] = (thumb, known)
        return known is not None

    async def withdraw(self, answer_id: str, *, rated_by: str) -> bool:
        return self.kept.pop((answer_id, rated_by), None) is not None


@dataclass
class ScriptedChat:
    """Says its texts, then fails, waits for ever or finishes; keeps what it was sent."""

    texts: Sequence[str] = ("It costs 12 euros [1]", ".")
    failure: Exception | None = None
    hangs: bool = False
    model: str = "tiny"
    prompts: list[Sequence[Message]] = field(default_factory=list)
    max_tokens: int | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        self.prompts.append(messages)
        self.max_tokens = max_tokens
        self.asked.set()
        try:
            for text in self.texts:
                yield Text(text)
            if self.failure is not None:
                raise self.failure
            if self.hangs:
                await asyncio.Event().wait()
            yield Finish("stop", Usage(20, 5))
        finally:
            self.closed.set()


async def fine() -> None:
    """A part that answers."""


def make_parts(
    *,
    library: MemoryLibrary | None = None,
    chat: ScriptedChat | None = None,
    api_key: str | None = None,
    public_url: str | None = None,
    runs: Runs | None = None,
    **more: object,
) -> Parts:
    """Parts in memory; `more` are settings by their names."""
    given = {"RAG_HOME": Path("/nowhere"), "RAG_API_KEY": api_key, "RAG_PUBLIC_URL": public_url}
    settings = Settings(_env_file=None, **(given | more))
    answerer = ModelAnswerer(
        ScriptedChat() if chat is None else chat, open_counter("estimate"), 8192
    )
    books = MemoryLibrary() if library is None else library
    runs = Runs(most=10) if runs is None else runs
    embeddings = Embeddings(WordEmbedder(), lambda: open_counter("estimate"))
    checks = {"catalog": fine, "vectors": fine}
    jobs = MemoryJobs()
    watch = JobWatch(jobs, poll_seconds=0.01)
    ratings = MemoryRatings()
    return Parts(settings, books, answerer, runs, checks, embeddings, jobs, watch, ratings)


def make_app(parts: Parts, *, demo: Sequence[str] | None = COMMAND) -> FastAPI:
    """The application with these parts, and another demo page where one is given."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[Parts]:
        yield parts

    return create_app(opening, demo=demo)


@asynccontextmanager
async def calling(parts: Parts) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application; errors that nobody foresaw are answers, as on a server."""
    app = make_app(parts)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://here") as client,
    ):
        yield client


def with_check(parts: Parts, name: str, failure: Exception) -> Parts:
    """The same parts, one of which does not answer."""

    async def fail() -> None:
        raise failure

    return replace(parts, checks={**parts.checks, name: fail})
