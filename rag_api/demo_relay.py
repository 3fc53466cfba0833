"""A request for the demo page → the page's own answer, byte by byte as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from fastapi import HTTPException, Request, Response
from starlette.responses import StreamingResponse

_OWN_TO_A_CONNECTION = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FOR_THE_PAGE = _OWN_TO_A_CONNECTION | {"authorization", "cookie", "expect"}


async def relay_request(request: Request, address: str) -> Response:
    """Pass the request on to this address, without the visitor's key and cookies."""
    # Nothing is unpacked, and nothing is remembered of one visitor for another.
    session = aiohttp.ClientSession(
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    )
    try:
        answer = await _ask(request, session, address)
    except BaseException:
        await session.close()
        raise
    response = StreamingResponse(_pass_on(answer, session), status_code=answer.status)
    response.raw_headers = [
        (name.lower(), value)
        for name, value in answer.raw_headers
        if name.decode("latin-1").lower() not in _OWN_TO_A_CONNECTION
    ]
    return response


async def _ask(
    request: Request, session: aiohttp.ClientSession, address: str
) -> aiohttp.ClientResponse:
    query = f"?{request.url.query}" if request.url.query else ""
    headers = [
        (name, value) for name, value in request.headers.items() if name not in _NOT_FOR_THE_PAGE
    ]
    try:
        return await session.request(
            request.method,
            f"{address}{request.scope['path']}{query}",
            headers=headers,
            data=request.stream() if request.method == "POST" else None,
            allow_redirects=False,
        )
    except aiohttp.ClientError as error:
        if isinstance(error.__cause__, HTTPException):  # the body is larger than is allowed
            raise error.__cause__ from None
        raise HTTPException(503, "the demo page does not answer") from error


async def _pass_on(
    answer: aiohttp.ClientResponse, session: aiohttp.ClientSession
) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_any():
            yield piece
    finally:
        # Whoever left early leaves the page too: an answer in progress ends.
        answer.close()
        await session.close()
