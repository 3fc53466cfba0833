"""The API over HTTP: what the page asks it, and its answers as values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar

import aiohttp
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from rag_api.demo.faults import CallError, away, read_refusal
from rag_api.demo.turns import Begun
from rag_api.events import Event, Failed
from rag_api.job_views import Finished, JobView, Progress
from rag_api.requests import CollectionList, CollectionView, DocumentView, SearchAnswer

Model = TypeVar("Model", bound=BaseModel)

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
_JOB_EVENTS: TypeAdapter[Progress | Finished] = TypeAdapter(
    Annotated[Progress | Finished, Field(discriminator="type")]
)
_LONGEST_LINE_BYTES = 1 << 24
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 60.0
"""Streams say something every 15 seconds."""
_UPLOAD_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, and the key that it is asked with."""

    url: str
    """Without a slash at its end."""
    key: str | None = None

    async def list_collections(self) -> tuple[CollectionView, ...]:
        """All collections.

        Raises:
            CallError: the API refuses, or is not there.
        """
        return _read(CollectionList, await self._fetch("GET", "/v1/collections")).collections

    async def read_document(self, document_id: str) -> DocumentView:
        """A document with its text.

        Raises:
            CallError: as above.
        """
        return _read(DocumentView, await self._fetch("GET", f"/v1/documents/{document_id}"))

    async def search(self, query: str, *, collection: str | None, top_k: int) -> SearchAnswer:
        """Passages without an answer.

        Raises:
            CallError: as above.
        """
        asked = {"query": query, "collection": collection, "top_k": top_k}
        return _read(SearchAnswer, await self._fetch("POST", "/v1/search", json=asked))

    async def upload(self, files: Sequence[Path], *, collection: str | None) -> JobView:
        """Send files to be ingested; gives the job that does it.

        Raises:
            CallError: as above.
        """
        with ExitStack() as stack:
            form = aiohttp.FormData()
            form.add_field("collection", collection or "")
            for file in files:
                opened = await asyncio.to_thread(file.open, "rb")
                form.add_field("file", stack.enter_context(opened), filename=file.name)
            return _read(JobView, await self._fetch("POST", "/v1/documents", data=form))

    async def answer(
        self, question: str, *, collection: str | None, history: Sequence[dict[str, str]]
    ) -> AsyncGenerator[Event | Begun, None]:
        """The events of an answer; whatever goes wrong is a `Failed` at its end.

        To close it stops the answer.
        """
        asked = {
            "question": question,
            "collection": collection,
            "history": history,
            "on_disconnect": "cancel",
        }
        try:
            async with aclosing(self._answer(asked)) as events:
                async for event in events:
                    yield event
        except CallError as error:
            yield Failed(error=type(error).__name__, detail=str(error), retryable=True)

    async def _answer(self, asked: object) -> AsyncGenerator[Event | Begun, None]:
        async with self._call("POST", "/v1/answers", json=asked) as response:
            yield Begun(response.headers["X-Answer-Id"])
            async for event in _read_events(response):
                yield event
                if event.type in {"done", "failed"}:
                    return
        raise away()

    async def rate(self, given: Mapping[str, object]) -> None:
        """Keep a rating, as `POST /v1/feedback` takes it.

        Raises:
            CallError: as above.
        """
        await self._fetch("POST", "/v1/feedback", json=given)

    async def follow(self, job_id: str) -> AsyncGenerator[Progress | Finished, None]:
        """How far a job is, until it has ended.

        Raises:
            CallError: as above.
        """
        async with self._call("GET", f"/v1/jobs/{job_id}/events") as response:
            async for data in _read_data(response):
                yield _JOB_EVENTS.validate_json(data)

    async def _fetch(
        self, method: str, path: str, *, json: object = None, data: aiohttp.FormData | None = None
    ) -> bytes:
        async with self._call(method, path, json=json, data=data) as response:
            return await response.read()

    @asynccontextmanager
    async def _call(
        self, method: str, path: str, *, json: object = None, data: aiohttp.FormData | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        silence = _SILENCE_SECONDS if data is None else _UPLOAD_SECONDS
        try:
            async with (
                aiohttp.ClientSession(
                    self.url,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(
                        total=None, connect=_CONNECT_SECONDS, sock_read=silence
                    ),
                    read_bufsize=_LONGEST_LINE_BYTES,
                ) as session,
                session.request(method, path, json=json, data=data) as response,
            ):
                await _check(response)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise away() from error


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status >= HTTPStatus.BAD_REQUEST:
        retry_after = response.headers.get("Retry-After")
        raise read_refusal(response.status, await response.read(), retry_after)


async def _read_data(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of server-sent events; ours have one line each, and their type in it too."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield line[6:]


async def _read_events(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """The events of an answer; those of a kind that is newer than we are are passed over."""
    async for data in _read_data(response):
        with suppress(ValidationError):
            yield _EVENTS.validate_json(data)


def _read(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise CallError("What answers at this address is not this API.") from error
