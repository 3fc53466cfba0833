"""The API over HTTP: what the page asks it, and its answers as values."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar

import aiohttp
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from rag_api.demo.faults import CallError, away, read_refusal
from rag_api.demo.turns import Begun
from rag_api.events import Done, Event, Failed, Gap
from rag_api.job_views import Finished, JobView, Progress
from rag_api.requests import CollectionList, CollectionView, DocumentView, SearchAnswer
from rag_api.wire.openai_objects import CHAT_MODEL_OWNER, ModelList

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
_GONE = "This answer is no longer kept: it ended some minutes ago, or the API was restarted."
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, and the key that it is asked with."""

    url: str
    """Without a slash at its end."""
    key: str | None = None

    def with_key(self, typed: str | None) -> Api:
        """The same, asked with the key that a visitor typed, if one did."""
        key = (typed or "").strip()
        return replace(self, key=key) if key else self

    async def list_collections(self) -> tuple[CollectionView, ...]:
        """All collections.

        Raises:
            CallError: the API refuses, or is not there.
        """
        return _read(CollectionList, await self._fetch("GET", "/v1/collections")).collections

    async def list_models(self) -> list[str]:
        """The chat models that there is a choice of; none when there is no choice.

        Raises:
            CallError: as above.
        """
        listed = _read(ModelList, await self._fetch("GET", "/v1/models"))
        return [one.id for one in listed.data if one.owned_by == CHAT_MODEL_OWNER]

    async def read_document(self, document_id: str) -> DocumentView:
        """A document with its text.

        Raises:
            CallError: as above.
        """
        return _read(DocumentView, await self._fetch("GET", f"/v1/documents/{_check(document_id)}"))

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
            # Quoted, a name would come as %C3%A9; the API reads UTF-8, as browsers send it.
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("collection", collection or "")
            for file in files:
                opened = await asyncio.to_thread(file.open, "rb")
                form.add_field("file", stack.enter_context(opened), filename=file.name)
            return _read(JobView, await self._fetch("POST", "/v1/documents", data=form))

    async def answer(
        self,
        question: str,
        *,
        collection: str | None,
        history: Sequence[dict[str, str]],
        model: str | None = None,
    ) -> AsyncGenerator[Event | Begun, None]:
        """The events of an answer; whatever goes wrong is a `Failed` at its end.

        To close it leaves the answer, which goes on for a minute and can be read on; see `cancel`.
        """
        asked = {
            "question": question,
            "collection": collection,
            "history": history,
            "model": model,
            "on_disconnect": "detach",
        }
        try:
            async with self.call("POST", "/v1/answers", json=asked) as response:
                yield Begun(response.headers["X-Answer-Id"])
                async for event in _read_to_end(response):
                    yield event
        except CallError as error:
            yield Failed(error=type(error).__name__, detail=str(error), retryable=True)

    async def read_again(self, run: str) -> AsyncGenerator[Event, None]:
        """The events of an answer that has begun before, all of them; then as they come.

        Raises:
            CallError: as above; with `not_found` when it is not kept whole any more.
        """
        try:
            async with self.call("GET", f"/v1/answers/{_check(run)}/events") as response:
                async for event in _read_to_end(response):
                    yield _need_whole(event)
        except CallError as error:
            raise CallError(_GONE, status=error.status) if error.not_found else error from error

    async def cancel(self, run: str) -> None:
        """End an answer; one that has ended stays as it is.

        Raises:
            CallError: as above.
        """
        await self._fetch("POST", f"/v1/answers/{_check(run)}/cancel")

    async def follow(self, job_id: str) -> AsyncGenerator[Progress | Finished, None]:
        """How far a job is, until it has ended.

        Raises:
            CallError: as above.
        """
        async with self.call("GET", f"/v1/jobs/{job_id}/events") as response:
            async for data in _read_data(response):
                yield _JOB_EVENTS.validate_json(data)

    async def _fetch(
        self, method: str, path: str, *, json: object = None, data: aiohttp.FormData | None = None
    ) -> bytes:
        async with self.call(method, path, json=json, data=data) as response:
            return await response.read()

    @asynccontextmanager
    async def call(
        self, method: str, path: str, *, json: object = None, data: aiohttp.FormData | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response to a request, as it comes in.

        Raises:
            CallError: as above.
        """
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
                await _refuse(response)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise away() from error


def _check(name: str) -> str:
    """The name as it was given, where it names one thing and no other path."""
    if not _NAME.fullmatch(name) or set(name) == {"."}:
        raise CallError(f"There is nothing named {name!r}.", status=HTTPStatus.NOT_FOUND)
    return name


async def _refuse(response: aiohttp.ClientResponse) -> None:
    if response.status >= HTTPStatus.BAD_REQUEST:
        retry_after = response.headers.get("Retry-After")
        raise read_refusal(response.status, await response.read(), retry_after)


async def _read_data(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of server-sent events; ours have one line each, and their type in it too."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield line[6:]


async def _read_to_end(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """The events of an answer; those of a kind that is newer than we are are passed over.

    Raises:
        CallError: the connection broke before the end.
    """
    async for data in _read_data(response):
        event = _read_event(data)
        if event is not None:
            yield event
        if isinstance(event, Done | Failed):
            return
    raise away()


def _need_whole(event: Event) -> Event:
    if isinstance(event, Gap):
        raise CallError(_GONE, status=HTTPStatus.NOT_FOUND)
    return event


def _read_event(data: bytes) -> Event | None:
    with suppress(ValidationError):
        return _EVENTS.validate_json(data)
    return None


def _read(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise CallError("What answers at this address is not this API.") from error
