"""`GET /v1/collections`, `/v1/documents/{id}` and `/v1/sources/{chunk}`: what is in the library."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from rag_api.requests import CollectionList, DocumentView, SourceView
from rag_api.routes import pages
from rag_api.routes.access import (
    OurParts,
    find_base_url,
    page_url,
    require_key,
    require_key_or_signature,
)
from rag_api.routes.described import native_errors
from rag_api.wire.json_line import dump_model
from rag_api.wire.source_page import SOURCE_PAGE_HEADERS, render_source
from rag_core.errors import InvalidRequestError

_ERRORS = native_errors(400, 401, 404, 422, 500, 503)

router = APIRouter(tags=["documents"])
router.include_router(pages.router)


@router.get(
    "/v1/collections",
    responses=native_errors(401, 500, 503),
    dependencies=[Depends(require_key)],
)
async def list_collections(parts: OurParts) -> CollectionList:
    """List the collections and how much is in them."""
    return CollectionList(collections=tuple(await parts.library.list_collections()))


@router.get("/v1/documents/{document_id}", responses=_ERRORS, dependencies=[Depends(require_key)])
async def read_document(document_id: str, request: Request, parts: OurParts) -> DocumentView:
    """Read a document with the text that all offsets count in."""
    document = await parts.library.read_document(document_id)
    content_hash = bytes.fromhex(document.content_hash)
    if not await parts.gallery.has_original(document.source, document.media_type, content_hash):
        return document
    address = page_url(document.id, parts=parts, base_url=find_base_url(parts, request))
    return document.model_copy(update={"page_url": address})


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
    start: Annotated[int | None, Query(ge=0, description="Where a longer passage begins.")] = None,
    end: Annotated[int | None, Query(ge=1, description="Where it ends.")] = None,
    whole: Annotated[bool, Query(description="The whole document, however long.")] = False,
) -> Response:
    """Show a passage in its place in the document; JSON when `Accept` asks for it."""
    source = await parts.library.read_source(chunk_id)
    if _wants_json(request) and start is None and end is None:
        return Response(dump_model(source), media_type="application/json")
    document = await parts.library.read_document(source.document_id)
    source = _widen(source, document, start, end)
    if _wants_json(request):
        return Response(dump_model(source), media_type="application/json")
    page = render_source(source, document.text, whole_url=None if whole else _whole_url(request))
    return Response(page, media_type="text/html", headers=SOURCE_PAGE_HEADERS)


def _widen(
    source: SourceView, document: DocumentView, start: int | None, end: int | None
) -> SourceView:
    """The passage of several chunks that a URL names by its range."""
    if start is None and end is None:
        return source
    first = source.start if start is None else start
    last = source.end if end is None else end
    if not first < last <= len(document.text):
        raise InvalidRequestError(
            f"the document has {len(document.text):,} characters: nothing stands from {first:,} "
            f"to {last:,}"
        )
    place = {"start": first, "end": last, "text": document.text[first:last]}
    if document.page_starts:
        place["page"] = bisect_right(document.page_starts, first)
    return source.model_copy(update=place)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _whole_url(request: Request) -> str:
    query = request.url.include_query_params(whole="true").query
    return f"?{query}#passage"
