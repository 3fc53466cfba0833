"""What browsers come to: AI SDK's chat, EventSource and its tokens, and the demo page."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from rag_api.routes import ask, demo, stream_tokens, ui_chat
from rag_api.routes.access import require_key

router = APIRouter(tags=["browser streams"])
router.include_router(ui_chat.router, dependencies=[Depends(require_key)])
# It has doors of its own: a URL carries no key.
router.include_router(ask.router)
router.include_router(stream_tokens.router, dependencies=[Depends(require_key)])
# The page asks for the key itself.
router.include_router(demo.router)
