"""Questions to the answers of a running API, over HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.evaluate.errors import AnswerFailedError
from rag_core.errors import InvalidRequestError
from rag_core.settings import Settings

_SECONDS = 300.0
_SHOWN_CHARACTERS = 200
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what a server listens on


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CitationView(_Reply):
    """Where the answer points at a document."""

    number: int
    source: str
    start: int
    end: int
    quote: str
    answer_start: int


class PassageView(_Reply):
    """What was put before the model."""

    number: int
    text: str


class AnswerView(_Reply):
    """What `POST /v1/answers` says, as far as it is scored."""

    answer: str
    outcome: str
    model: str
    citations: tuple[CitationView, ...]
    passages: tuple[PassageView, ...]


@dataclass(frozen=True, slots=True)
class Api:
    """A running API."""

    url: str
    session: aiohttp.ClientSession
    headers: Mapping[str, str]

    async def check(self) -> None:
        """Raise AnswerFailedError when nobody is there."""
        await _send(self.session, "GET", f"{self.url}/healthz")

    async def answer(self, question: str, *, collection: str) -> tuple[AnswerView, float]:
        """Ask a question; gives the answer, and how many milliseconds it took.

        Raises:
            AnswerFailedError: there is none.
        """
        began = time.perf_counter()
        asked = {"question": question, "collection": collection, "stream": False}
        content = await post(self.session, f"{self.url}/v1/answers", asked, self.headers)
        try:
            view = AnswerView.model_validate_json(content)
        except ValidationError as error:
            raise AnswerFailedError(f"{self.url} gives no answer of ours: {error}") from error
        return view, 1000 * (time.perf_counter() - began)


async def post(
    session: aiohttp.ClientSession, url: str, body: object, headers: Mapping[str, str]
) -> bytes:
    """Send JSON, and give what comes back; redirects are not followed, since a key goes along.

    Raises:
        AnswerFailedError: nothing does, or another status than 200.
    """
    return await _send(session, "POST", url, data=orjson.dumps(body), headers=headers)


async def _send(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    try:
        async with session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as response:
            content = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise AnswerFailedError(f"{url} does not answer: {reason}") from error
    if status != 200:  # noqa: PLR2004 - the one that has a body for us
        said = content[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
        raise AnswerFailedError(f"{url} answers with status {status}: {said}", status=status)
    return content


def read_url(given: str, settings: Settings) -> str:
    """The address of the API, from a URL or `auto`.

    Raises:
        InvalidRequestError: it is neither.
    """
    if given == "auto":
        return f"http://{_ANY_ADDRESS.get(settings.host, settings.host)}:{settings.port}"
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InvalidRequestError(
            f"--answers {given!r}: must be auto, or look like http://127.0.0.1:8000"
        )
    return given.rstrip("/").removesuffix("/v1")


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open connections to whoever is asked."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        headers={"content-type": "application/json"},
    ) as session:
        yield session


def open_api(url: str, session: aiohttp.ClientSession, settings: Settings) -> Api:
    """Speak to the API there, with RAG_API_KEY."""
    key = settings.api_key
    headers = {} if key is None else {"authorization": f"Bearer {key.get_secret_value()}"}
    return Api(url, session, headers)
