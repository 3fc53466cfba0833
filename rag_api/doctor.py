"""Checks each part on its own, so that one fault does not hide another, and says what is in use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from rag_api.chat import open_chat
from rag_api.chat.choice import ModelSettings, choose_model, fallback_model, main_model
from rag_core.catalog.engine import open_catalog
from rag_core.embedding import open_embedder
from rag_core.errors import RagError
from rag_core.rerank import open_reranker
from rag_core.settings import Settings
from rag_core.tokens import TokenCounter, open_chat_counter, open_counter
from rag_core.vectors.chroma import open_vectors

_CHECK_SECONDS = 60.0

Look = Callable[[Settings], Awaitable[str]]
"""Says what is in use, or raises."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about a part."""

    part: str
    ok: bool
    detail: str


async def examine_all(settings: Settings) -> list[Finding]:
    """Look at every part, in the order in which they rest on one another."""
    return [await examine(part, look, settings) for part, look in LOOKS.items()]


async def examine(part: str, look: Look, settings: Settings) -> Finding:
    """Look at one part; a fault is a finding too."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return Finding(part, ok=True, detail=await look(settings))
    except TimeoutError:
        return Finding(part, ok=False, detail=f"no answer within {_CHECK_SECONDS:g} seconds")
    except RagError as error:
        return Finding(part, ok=False, detail=str(error))


def hide_password(url: str) -> str:
    """A URL that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    shown = parts.netloc.replace(f":{parts.password}@", ":***@")
    return parts._replace(netloc=shown).geturl()


async def _look_at_home(settings: Settings) -> str:
    return str(settings.home)


async def _look_at_catalog(settings: Settings) -> str:
    async with open_catalog(settings.catalog_url) as catalog:
        await catalog.check()
    return hide_password(settings.catalog_url)


async def _look_at_chroma(settings: Settings) -> str:
    async with open_vectors(settings) as vectors:
        await vectors.check()
        collections = len(await vectors.names())
    where = hide_password(settings.chroma_url) if settings.chroma_url else "our own server"
    return f"{where}, {collections} collections"


async def _look_at_embedding(settings: Settings) -> str:
    async with open_embedder(settings) as embedder:
        await embedder.embed(["Does it answer?"])
        counter = await asyncio.to_thread(open_counter, embedder.tokenizer)
        return f"{embedder.fingerprint}, tokens {_describe(counter)}"


async def _look_at_reranker(settings: Settings) -> str:
    async with open_reranker(settings) as reranker:
        if reranker is None:
            return "none: passages stay in the order of the search (RERANK_MODEL, RERANK_URL)"
        await reranker.rerank("Does it answer?", ["It does."])
        where = hide_password(settings.rerank_url) if settings.rerank_url else "here"
        return f"{reranker.name}, {where}, {settings.rerank_candidates} candidates"


async def _look_at_chat(settings: Settings) -> str:
    return await _look_at_model(settings, main_model(settings))


async def _look_at_fallback(settings: Settings) -> str:
    wanted = fallback_model(settings)
    if wanted is None:
        return "none: when the chat model fails, so does the answer (CHAT_FALLBACK_MODEL)"
    if choose_model(main_model(settings)) is None:
        return "not used: extractive answers need none"
    return await _look_at_model(settings, wanted)


async def _look_at_model(settings: Settings, wanted: ModelSettings) -> str:
    async with open_chat(settings, wanted) as chat:
        if chat is None:
            return "extractive: no chat model is asked, answers quote the documents"
        counter = await asyncio.to_thread(
            open_chat_counter,
            chat.model,
            tokenizer=wanted.tokenizer,
            cache_dir=settings.tiktoken_cache_dir,
        )
    server = hide_password(wanted.base_url) if wanted.base_url else "its default"
    key = "set" if wanted.api_key else "not set"
    return f"{chat.model}, server {server}, key {key}, tokens {_describe(counter)}"


def _describe(counter: TokenCounter) -> str:
    return f"counted exactly ({counter.name})" if counter.exact else f"estimated ({counter.name})"


LOOKS: Mapping[str, Look] = {
    "home": _look_at_home,
    "catalog": _look_at_catalog,
    "chroma": _look_at_chroma,
    "embedding": _look_at_embedding,
    "reranker": _look_at_reranker,
    "chat": _look_at_chat,
    "fallback": _look_at_fallback,
}
"""How each part is looked at, in the order in which they rest on one another."""
