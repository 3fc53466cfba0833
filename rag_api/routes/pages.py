"""`GET /v1/documents/{id}/pages/{page}`: a page as a picture, with words of the text marked."""

from __future__ import annotations

import hashlib
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from rag_api.pictures.order import Order
from rag_api.pictures.ordering import MOST_RANGES, Wanted, make_order
from rag_api.routes.access import OurParts, require_key_or_document_signature
from rag_api.routes.described import Responses, native_errors
from rag_core.errors import InvalidRequestError

_MOST_PAGE, _LEAST_WIDTH, _MOST_WIDTH, _WIDTH = 1_000_000, 100, 3000, 1200
_SHARE_HEADER = "X-Marked-Share"
_HEADERS = {
    # A version of a document never changes, and who may see it now may not later.
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PICTURE: Responses = {
    200: {
        "description": "The page.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            _SHARE_HEADER: {
                "description": "How much was found of what was to be marked, from 0 to 1: 0 when "
                "the page is shown without a mark. Left out when nothing was.",
                "schema": {"type": "number", "minimum": 0, "maximum": 1},
            },
            "ETag": {"schema": {"type": "string"}},
        },
    },
    304: {"description": "The picture has the ETag of `If-None-Match`."},
}

Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PageQuery(BaseModel):
    """What is to be marked on a page, and how large its picture is."""

    model_config = ConfigDict(frozen=True)

    start: list[Offset] = Field(
        default=[],
        max_length=MOST_RANGES,
        description="Where what is to be marked begins in the document's text, in Unicode code "
        "points. May be given several times, with as many `end`.",
    )
    end: list[Offset] = Field(default=[], max_length=MOST_RANGES, description="Where it ends.")
    width: int = Field(
        _WIDTH,
        ge=_LEAST_WIDTH,
        le=_MOST_WIDTH,
        description="In pixels; a page with more than 6 million of them is drawn smaller.",
    )


router = APIRouter()


@router.get(
    "/v1/documents/{document_id}/pages/{page}",
    response_class=Response,
    responses={**_PICTURE, **native_errors(400, 401, 404, 409, 410, 422, 500, 503)},
    dependencies=[Depends(require_key_or_document_signature)],
)
async def draw_page(
    document_id: str,
    page: Annotated[int, Path(ge=1, le=_MOST_PAGE, description="From 1.")],
    request: Request,
    parts: OurParts,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Draw a page of a PDF as it looks in the original, with words of the document's text marked.

    The file must still be the very one that the document was read from: uploads are kept, files
    are read again where they were. `page_url` of `GET /v1/documents/{id}` tells whether there is
    one, and is signed so that a browser can open it without the key.
    """
    original = await parts.library.read_original(document_id)
    wanted = Wanted(document_id, page, _pair(query), query.width)
    order = await make_order(parts.library, original, wanted)
    headers = {**_HEADERS, "ETag": _make_etag(order)}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    drawn = await parts.gallery.find_picture(order, original)
    if order.ranges:
        headers[_SHARE_HEADER] = f"{drawn.marked_share:.2f}"
    return Response(drawn.png, media_type="image/png", headers=headers)


def _pair(query: PageQuery) -> list[tuple[int, int]]:
    starts, ends = query.start, query.end
    if len(starts) != len(ends):
        raise InvalidRequestError(
            f"'start' is given {len(starts)} times and 'end' {len(ends)} times: one goes with each"
        )
    return list(zip(starts, ends, strict=True))


def _make_etag(order: Order) -> str:
    """Of all that the picture depends on."""
    return f'"{hashlib.sha256(orjson.dumps(order)).hexdigest()[:32]}"'
