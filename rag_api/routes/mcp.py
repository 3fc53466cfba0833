"""`POST /mcp`: the tools, for clients of the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rag_api.hosts import find_allowed_hosts, is_allowed_host, is_allowed_origin
from rag_api.routes.access import OurParts

# Not in the OpenAPI document: the protocol has its own way to describe what there is.
router = APIRouter(include_in_schema=False)


class Relayed(Response):
    """Leaves a request to another application, which reads and answers it."""

    def __init__(self, application: ASGIApp) -> None:
        super().__init__()
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over."""
        await self._application(scope, receive, send)


async def check_caller(
    parts: OurParts,
    host: Annotated[str, Header()] = "",
    origin: Annotated[str | None, Header()] = None,
) -> None:
    """Refuse what a page from elsewhere makes a browser send; answers 421 or 403."""
    allowed = find_allowed_hosts(parts.settings)
    if not is_allowed_host(host, allowed):
        detail = f"/mcp is not reached as {host!r}: RAG_ALLOWED_HOSTS does not name this host"
        raise HTTPException(421, detail)
    if origin is not None and not is_allowed_origin(origin, allowed):
        detail = f"pages of {origin!r} may not call /mcp: RAG_ALLOWED_HOSTS does not name its host"
        raise HTTPException(403, detail)


# No GET and DELETE: there are no sessions, so there is nothing to listen to and nothing to end.
@router.post("/mcp/")
@router.post("/mcp")
async def serve_mcp(request: Request) -> Response:
    """Answer one message of the Model Context Protocol."""
    return Relayed(request.app.state.mcp)
