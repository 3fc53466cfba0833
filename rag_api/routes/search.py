"""`POST /v1/search`: passages without an answer."""

from __future__ import annotations

from fastapi import APIRouter, Request

from rag_api.asked import Asked
from rag_api.requests import SearchAnswer, SearchRequest
from rag_api.routes.access import OurParts, find_base_url
from rag_api.routes.described import native_errors
from rag_api.routes.retrieval import check_length, search

router = APIRouter(tags=["answers"])


@router.post("/v1/search", responses=native_errors(400, 401, 404, 413, 422, 500, 502, 503))
async def search_passages(wanted: SearchRequest, request: Request, parts: OurParts) -> SearchAnswer:
    """Find the passages that fit a query, without an answer."""
    check_length(wanted.query)
    asked = Asked(
        wanted.query, collection=wanted.collection, top_k=wanted.top_k, options=wanted.retrieval
    )
    found = await search(asked, parts=parts, base_url=find_base_url(parts, request))
    return SearchAnswer(
        query=found.query,
        collection=found.collection,
        collections=found.collections,
        queries=found.queries,
        empty=found.empty,
        warnings=found.warnings,
        passages=found.passages,
        reranked_by=found.reranked_by,
        timings=found.timings,
    )
