"""All that OpenAI's clients call."""

from __future__ import annotations

from fastapi import APIRouter

from rag_api.routes import chat, embeddings, models, responses

router = APIRouter()
for _part in (chat, responses, embeddings, models):
    router.include_router(_part.router)
