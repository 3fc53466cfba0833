"""What every route asks of a request: the parts, the key, the address that it came to."""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from rag_api.parts import Parts
from rag_core.documents import Passage
from rag_core.errors import UnauthorizedError

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="The value of RAG_API_KEY, if it is set.")),
]


async def get_parts(request: Request) -> Parts:
    """The parts that the application was started with."""
    parts: Parts = request.app.state.parts
    return parts


OurParts = Annotated[Parts, Depends(get_parts)]


async def require_key(parts: OurParts, bearer: Bearer) -> None:
    """Let a request pass that carries the key, and every request when no key is set.

    Raises:
        UnauthorizedError: the key is missing or wrong.
    """
    key = parts.settings.api_key
    if key is None:
        return
    if bearer is None:
        raise UnauthorizedError("the key is missing: send 'Authorization: Bearer KEY'")
    if not _same(bearer.credentials, key.get_secret_value()):
        raise UnauthorizedError("the key is wrong: it is not the value of RAG_API_KEY")


async def require_key_or_signature(
    chunk_id: str,
    parts: OurParts,
    bearer: Bearer,
    signature: Annotated[str, Query(description="As in the URL of a citation.")] = "",
) -> None:
    """Let a citation's link pass too, which a browser opens without the key.

    Raises:
        UnauthorizedError: neither fits.
    """
    await _require(parts, bearer, signature, of=chunk_id)


async def require_key_or_document_signature(
    document_id: str,
    parts: OurParts,
    bearer: Bearer,
    signature: Annotated[str, Query(description="As in the document's `page_url`.")] = "",
) -> None:
    """Let the address of a document's pages pass too, which a browser opens without the key.

    Raises:
        UnauthorizedError: neither fits.
    """
    await _require(parts, bearer, signature, of=document_id)


async def _require(parts: Parts, bearer: Bearer, signature: str, *, of: str) -> None:
    key = parts.settings.api_key
    if key is None or _same(signature, _sign(of, key.get_secret_value())):
        return
    await require_key(parts, bearer)


def find_base_url(parts: Parts, request: Request) -> str:
    """What our URLs begin with: RAG_PUBLIC_URL, or the address that the request came to."""
    return (parts.settings.public_url or str(request.base_url)).rstrip("/")


def passage_url(passage: Passage, *, parts: Parts, base_url: str) -> str:
    """The absolute URL that shows a passage in its place; one of several chunks names its range."""
    place = {"start": passage.start, "end": passage.end} if passage.chunks > 1 else {}
    return source_url(passage.chunk_id, parts=parts, base_url=base_url, **place)


def source_url(chunk_id: str, *, parts: Parts, base_url: str, **place: int) -> str:
    """The absolute URL that shows a chunk, or a place in its document; signed when a key is set.

    The signature is of the chunk alone: the page shows the whole document to whoever may see it.
    """
    query = urlencode({**_signature(chunk_id, parts), **place})
    return f"{base_url}/v1/sources/{chunk_id}{'?' if query else ''}{query}#passage"


def page_url(document_id: str, *, parts: Parts, base_url: str) -> str:
    """Where pages of a document are shown as pictures, with `{page}` for the page's number."""
    query = urlencode(_signature(document_id, parts))
    return f"{base_url}/v1/documents/{document_id}/pages/{{page}}{'?' if query else ''}{query}"


def _signature(of: str, parts: Parts) -> dict[str, str]:
    key = parts.settings.api_key
    return {"signature": _sign(of, key.get_secret_value())} if key else {}


def _sign(of: str, key: str) -> str:
    return hmac.new(key.encode(), of.encode(), "sha256").hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
