"""A reranker behind an endpoint `/rerank`, of Cohere, Jina, TEI and those who speak as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
import orjson

from rag_core.errors import UnavailableError
from rag_core.rerank.replies import read_scores
from rag_core.settings import Settings
from rag_core.unicode import make_well_formed

_MAX_ANSWER_BYTES = 4 << 20
"""Some servers send each text back; 50 passages have 100 KB."""
_TEI_TEXTS = 32
"""TEI refuses more in one request, unless it is told to take them."""
_CONNECT_SECONDS = 5.0
_SHOWN_CHARACTERS = 200
_SECRET_STATUSES = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_OTHER_PROTOCOL = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


class _RefusedError(UnavailableError):
    """The server does not read the request, as it would if it spoke the other protocol."""


class RemoteReranker:
    """A model behind a session, whose headers carry the key.

    It is asked as Cohere and Jina are when the settings name a model, else as TEI is, which has
    one only; a server that refuses is asked in the other way, and in that one from then on.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, model: str | None, *, key: str
    ) -> None:
        parts = urlsplit(url)
        self._url = url
        self._where = f"the reranker at {parts.scheme}://{parts.netloc}{parts.path}"
        self._session = session
        self._model = model
        self._key = key
        self._as_tei = model is None
        self.name = model or parts.netloc

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker`."""
        if not texts:
            return []
        query, texts = make_well_formed(query), list(map(make_well_formed, texts))
        as_tei = self._as_tei
        try:
            return await self._ask(query, texts, as_tei=as_tei)
        except _RefusedError as refusal:
            try:
                scores = await self._ask(query, texts, as_tei=not as_tei)
            except _RefusedError:
                raise refusal from None
        self._as_tei = not as_tei
        return scores

    async def _ask(self, query: str, texts: Sequence[str], *, as_tei: bool) -> list[float]:
        if not as_tei:
            # The number is named, or some would leave out what fits least.
            body = {"query": query, "documents": texts, "top_n": len(texts)}
            named = body if self._model is None else {"model": self._model, **body}
            return await self._post(named, len(texts))
        scores: list[float] = []
        for start in range(0, len(texts), _TEI_TEXTS):
            part = texts[start : start + _TEI_TEXTS]
            scores += await self._post({"query": query, "texts": part, "truncate": True}, len(part))
        return scores

    async def _post(self, body: Mapping[str, object], count: int) -> list[float]:
        try:
            # A redirect is not followed: the key and the passages are for this server alone.
            async with self._session.post(
                self._url, data=orjson.dumps(body), allow_redirects=False
            ) as response:
                content = await self._read(response)
                if response.status != HTTPStatus.OK:
                    raise self._explain(response.status, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            fault = str(error) or type(error).__name__
            raise UnavailableError(f"{self._where} does not answer: {self._cut(fault)}") from error
        return read_scores(content, count, where=self._where)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for piece in response.content.iter_any():
            content += piece
            if len(content) > _MAX_ANSWER_BYTES:
                raise UnavailableError(f"{self._where} answered with more than 4 MiB")
        return bytes(content)

    def _explain(self, status: int, content: bytes) -> UnavailableError:
        said = self._cut(content.decode(errors="replace"))
        if status in _SECRET_STATUSES:
            said = "check RERANK_API_KEY"  # some servers repeat the key that they refuse
        elif HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            said = "a redirect, which is not followed: check RERANK_URL"
        kind = _RefusedError if status in _OTHER_PROTOCOL else UnavailableError
        return kind(f"{self._where} answered {status}: {said}")

    def _cut(self, said: str) -> str:
        plain = " ".join(said.split())
        return (plain.replace(self._key, "…") if self._key else plain)[:_SHOWN_CHARACTERS]


def _find_endpoint(url: str) -> str:
    """The URL itself, or what lies below it when it names no `…/rerank`, as base URLs do."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith("rerank") else f"{path}/rerank").geturl()


@asynccontextmanager
async def open_reranker(settings: Settings) -> AsyncIterator[RemoteReranker]:
    """Open a session with the server of RERANK_URL; nothing is asked yet."""
    secret = settings.rerank_api_key
    key = secret.get_secret_value() if secret is not None else ""
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    async with aiohttp.ClientSession(
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        # How long the whole may take is the caller's to say.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
    ) as session:
        url = _find_endpoint(str(settings.rerank_url))
        yield RemoteReranker(session, url, settings.rerank_model, key=key)
