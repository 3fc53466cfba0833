"""The settings → who answers: chat models with their fallback, or the extractive answerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from rag_api.answer import Answerer, ExtractiveAnswerer, ModelAnswerer
from rag_api.chat import open_chat
from rag_api.chat.choice import ModelSettings, fallback_model, main_model, more_models
from rag_api.extractive import CHOSEN, MODEL_FAILED, NO_MODEL
from rag_core.embedding import Embedder
from rag_core.settings import Settings
from rag_core.tokens import open_chat_counter


@asynccontextmanager
async def open_answerer(settings: Settings, embedder: Embedder) -> AsyncIterator[Answerer]:
    """Open what CHAT_MODEL means, and for its failures what CHAT_FALLBACK_MODEL means.

    The extractive answerer takes no fallback: it asks nobody.

    Raises:
        ConfigurationError: a model cannot be opened as the settings name it.
    """
    wanted = fallback_model(settings)
    async with _open(settings, main_model(settings), embedder) as answerer:
        if wanted is None or isinstance(answerer, ExtractiveAnswerer):
            yield answerer
            return
        async with _open(settings, wanted, embedder) as fallback:
            yield replace(answerer, fallback=_stand_in(fallback))


@asynccontextmanager
async def open_others(
    settings: Settings, embedder: Embedder, first: Answerer
) -> AsyncIterator[Mapping[str, Answerer]]:
    """Open what CHAT_MODELS means, by the models' names; the fallback of the first is theirs, too.

    Raises:
        ConfigurationError: a model cannot be opened as the setting names it.
    """
    async with AsyncExitStack() as stack:
        others: dict[str, Answerer] = {}
        for wanted in more_models(settings):
            answerer = await stack.enter_async_context(_open(settings, wanted, embedder))
            if isinstance(answerer, ModelAnswerer) and isinstance(first, ModelAnswerer):
                answerer = replace(answerer, fallback=first.fallback)
            if answerer.model != first.model:
                others[answerer.model] = answerer
        yield others


def _stand_in(answerer: Answerer) -> Answerer:
    if isinstance(answerer, ExtractiveAnswerer):
        return replace(answerer, why=MODEL_FAILED)
    return answerer


@asynccontextmanager
async def _open(
    settings: Settings, wanted: ModelSettings, embedder: Embedder
) -> AsyncIterator[Answerer]:
    async with open_chat(settings, wanted) as chat:
        if chat is None:
            why = NO_MODEL if wanted.name is None else CHOSEN
            yield ExtractiveAnswerer(embedder, why)
            return
        # The counter may have to fetch its ranks.
        counter = await asyncio.to_thread(
            open_chat_counter,
            chat.model,
            tokenizer=wanted.tokenizer,
            cache_dir=settings.tiktoken_cache_dir,
        )
        yield ModelAnswerer(chat, counter, settings.chat_context_tokens)
