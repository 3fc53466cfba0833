"""One module per group of paths; each turns a request into a call and its value into an answer."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from rag_api.routes import browser, documents, health, jobs, mcp, native, openai
from rag_api.routes.access import require_key

router = APIRouter()
for _part in (native, openai, jobs):
    router.include_router(_part.router, dependencies=[Depends(require_key)])
router.include_router(mcp.router, dependencies=[Depends(require_key), Depends(mcp.check_caller)])
router.include_router(browser.router)
router.include_router(documents.router)
router.include_router(health.router)
