"""`GET /v1/collections`, `/v1/documents/{id}` and `/v1/sources/{chunk}`: what is in the library."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from rag_api.requests import CollectionList, DocumentView, SourceView
from rag_api.routes.access import OurParts, require_key, require_key_or_signature
from rag_api.routes.described import native_errors
from rag_api.wire.json_line import dump_model
from rag_api.wire.source_page import SOURCE_PAGE_HEADERS, render_source

_ERRORS = native_errors(401, 404, 422, 500, 503)

router = APIRouter(tags=["documents"])


@router.get(
    "/v1/collections",
    responses=native_errors(401, 500, 503),
    dependencies=[Depends(require_key)],
)
async def list_collections(parts: OurParts) -> CollectionList:
    """List the collections and how much is in them."""
    return CollectionList(collections=tuple(await parts.library.list_collections()))


@router.get("/v1/documents/{document_id}", responses=_ERRORS, dependencies=[Depends(require_key)])
async def read_document(document_id: str, parts: OurParts) -> DocumentView:
    """Read a document with the text that all offsets count in."""
    return await parts.library.read_document(document_id)


@router.get(
    "/v1/sources/{chunk_id}",
    response_model=SourceView,
    responses={
        200: {"description": "The page; JSON when asked for.", "content": {"text/html": {}}},
        **_ERRORS,
    },
    dependencies=[Depends(require_key_or_signature)],
)
async def show_source(
    chunk_id: str,
    request: Request,
    parts: OurParts,
    *,
    whole: Annotated[bool, Query(description="The whole document, however long.")] = False,
) -> Response:
    """Show a passage in its place in the document; JSON when `Accept` asks for it."""
    source = await parts.library.read_source(chunk_id)
    if _wants_json(request):
        return Response(dump_model(source), media_type="application/json")
    document = await parts.library.read_document(source.document_id)
    page = render_source(source, document.text, whole_url=None if whole else _whole_url(request))
    return Response(page, media_type="text/html", headers=SOURCE_PAGE_HEADERS)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _whole_url(request: Request) -> str:
    query = request.url.include_query_params(whole="true").query
    return f"?{query}#passage"
