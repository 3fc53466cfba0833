"""All routes of our own protocol: answers, what comes after them, and passages alone."""

from __future__ import annotations

from fastapi import APIRouter

from rag_api.routes import answers, feedback, resume, search

router = APIRouter()
for _part in (answers, resume, feedback, search):
    router.include_router(_part.router)
