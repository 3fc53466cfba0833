"""`/demo`: requests for the demo page, relayed to the child process that serves it."""

from __future__ import annotations

import importlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from rag_api.demo import HOW_TO_GET_IT
from rag_api.demo_child import DemoChild
from rag_api.hosts import find_allowed_hosts, host_name, is_allowed_host, is_allowed_origin
from rag_api.routes.access import OurParts

# Not in the OpenAPI document: it is a page, not a part of the API.
router = APIRouter(include_in_schema=False)

_PATIENCE_SECONDS = 0.2
"""How long the first visitor looks at an empty window before the page says that it starts."""
_MESSAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>Ask your documents</title>
<style>:root {{ color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }}
body {{ max-width: 40rem; margin: 20vh auto; padding: 1.5rem; text-align: center; }}</style>
</head>
<body><main><p role="status">{text}</p></main></body>
</html>
"""


@router.get("/demo")
async def open_demo() -> Response:
    """Lead to the page."""
    return RedirectResponse("demo/")


async def check_visitor(
    parts: OurParts,
    host: Annotated[str, Header()] = "",
    origin: Annotated[str | None, Header()] = None,
) -> None:
    """Refuse what a page from elsewhere makes a browser send; answers 421 or 403."""
    allowed = find_allowed_hosts(parts.settings)
    if parts.settings.demo_key is not None and not is_allowed_host(host, allowed):
        detail = f"/demo is not reached as {host!r}: RAG_ALLOWED_HOSTS does not name this host"
        raise HTTPException(421, detail)
    if origin is None or host_name(origin) == host_name(host):
        return
    if not is_allowed_origin(origin, allowed):
        raise HTTPException(403, f"pages of {origin!r} may not use /demo")


@router.api_route(
    "/demo/{path:path}", methods=["GET", "HEAD", "POST"], dependencies=[Depends(check_visitor)]
)
async def relay_demo(request: Request) -> Response:
    """Pass a request on to the page, and its answer back as it comes."""
    child: DemoChild = request.app.state.demo
    if not child.installed:
        return HTMLResponse(_MESSAGE.format(text=HOW_TO_GET_IT, refresh=""), status_code=501)
    address = await child.address(_own_url(request), patience_seconds=_PATIENCE_SECONDS)
    if address is None:
        refresh = '<meta http-equiv="refresh" content="1">\n'
        page = _MESSAGE.format(text="The page is starting…", refresh=refresh)
        return HTMLResponse(page, status_code=503, headers={"Retry-After": "1"})
    # It imports aiohttp, which an API without visitors to its page may never need.
    relay = importlib.import_module("rag_api.demo_relay")
    response: Response = await relay.relay_request(request, address)
    return response


def _own_url(request: Request) -> str:
    """Where this process itself is reached, whatever name the visitor used."""
    address, port = request.scope["server"]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
