"""`GET /v1/models`: the names that answer questions."""

from __future__ import annotations

from fastapi import APIRouter

from rag_api.parts import Parts
from rag_api.routes.access import OurParts
from rag_api.routes.described import openai_errors
from rag_api.wire.open_webui import OPEN_WEBUI_MODEL
from rag_api.wire.openai_objects import CHAT_MODEL_OWNER, Model, ModelList
from rag_api.wire.source_list import INLINE_MODEL
from rag_core.errors import ModelNotFoundError

# LobeChat hides a name that holds "ada", "embedding", "tts" and some others.
MODEL = Model(id="rag", created=1_763_769_600, owned_by="rag")
_CHAT_MODEL = MODEL.model_copy(update={"owned_by": CHAT_MODEL_OWNER})
_NAMES = (MODEL.id, INLINE_MODEL, OPEN_WEBUI_MODEL)

router = APIRouter(tags=["OpenAI"])


@router.get("/v1/models", responses=openai_errors(401, 500))
async def list_models(parts: OurParts) -> ModelList:
    """List the names that requests take as `model`.

    Ours differ in how sources are shown: `rag-inline` ends the text with a list of them,
    `rag-openwebui` sends them as Open WebUI's own events. Chat models follow, owned by
    `chat-model`, where CHAT_MODELS gives a choice.
    """
    chat_models = parts.chat_models if parts.others else ()
    return ModelList(
        data=(
            *(MODEL.model_copy(update={"id": name}) for name in _NAMES),
            *(_CHAT_MODEL.model_copy(update={"id": name}) for name in chat_models),
        )
    )


@router.get("/v1/models/{model_id:path}", responses=openai_errors(401, 404, 500))
async def read_model(model_id: str, parts: OurParts) -> Model:
    """One of them, or a chat model behind them, whose name is taken too."""
    check_model(model_id, parts)
    kind = MODEL if model_id in _NAMES else _CHAT_MODEL
    return kind.model_copy(update={"id": model_id})


def check_model(name: str | None, parts: Parts) -> None:
    """Refuse a name that is neither ours nor that of a chat model behind them.

    Raises:
        ModelNotFoundError: the name is another.
    """
    known = list(dict.fromkeys([*_NAMES, *parts.chat_models]))
    if name is not None and name not in known:
        raise ModelNotFoundError(name, known)
