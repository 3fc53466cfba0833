"""`POST /v1/embeddings`: the model that the documents are embedded with, for everybody's texts."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from rag_api.embeddings import Embeddings
from rag_api.openai_requests import EmbeddingRequest
from rag_api.routes.access import OurParts
from rag_api.routes.described import openai_errors
from rag_api.routes.models import MODEL
from rag_api.wire.openai_embeddings import EmbeddingList, write_embeddings
from rag_api.wire.response import client_leaves, work_until
from rag_core.errors import InvalidRequestError, ModelNotFoundError

router = APIRouter(tags=["OpenAI"])


@router.post(
    "/v1/embeddings",
    response_model=EmbeddingList,
    responses=openai_errors(400, 401, 404, 413, 500, 502, 503),
)
async def embed_texts(asked: EmbeddingRequest, request: Request, parts: OurParts) -> Response:
    """Embed texts with the model that the documents are embedded with.

    A text longer than the model reads is cut there. When you leave before the end, the work stops.
    """
    embeddings = parts.embeddings
    _check(asked, embeddings)
    embedded = await work_until(embeddings.embed(asked.input), end=client_leaves(request.receive))
    body = await asyncio.to_thread(
        write_embeddings,
        embedded.matrix,
        encoding=asked.encoding_format or "float",
        model=embeddings.model,
        tokens=embedded.tokens,
    )
    return Response(body, media_type="application/json")


def _check(asked: EmbeddingRequest, embeddings: Embeddings) -> None:
    known = [MODEL.id, embeddings.model]
    if asked.model not in known:
        raise ModelNotFoundError(asked.model, known)
    if asked.dimensions not in (None, embeddings.dimension):
        raise InvalidRequestError(
            f"dimensions: {embeddings.model!r} makes vectors of {embeddings.dimension:,} numbers, "
            "and no others"
        )
