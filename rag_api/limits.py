"""What a request may weigh, held while it is read."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2 * 1024 * 1024
UPLOAD_PATH = "/v1/documents"
_DEMO_UPLOAD_PATH = "/demo/gradio_api/upload"
"""The page takes files with a limit of its own, and sends them to the path above."""


class BodyLimit:
    """Refuses a body as soon as it is known to be too large.

    The framework's own limit answers in plain text, whatever our error handlers say.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of it."""
        if scope["type"] != "http" or _is_upload(scope):
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        size = int(declared) if declared.isdecimal() else 0
        read = 0

        async def receive_counted() -> Message:
            nonlocal read
            self._check(size)
            message = await receive()
            read += len(message.get("body", b""))
            self._check(read)
            return message

        await self._app(scope, receive_counted, send)

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            detail = f"the body has {size:,} bytes or more, the limit is {self._max_bytes:,}"
            raise HTTPException(413, detail)


def is_multipart(headers: Headers) -> bool:
    """Whether a request carries files."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "multipart/form-data"


def _is_upload(scope: Scope) -> bool:
    """Whether the route itself counts the bytes, and writes them to the disk as they come."""
    path: str = scope["path"]
    return path in (UPLOAD_PATH, _DEMO_UPLOAD_PATH) and is_multipart(Headers(scope=scope))
