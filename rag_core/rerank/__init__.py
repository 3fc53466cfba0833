"""A query and texts → how well each text fits, by what RERANK_MODEL or RERANK_URL names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from rag_core.errors import ConfigurationError
from rag_core.imports import import_needed
from rag_core.settings import Settings


class Reranker(Protocol):
    """A model that reads a query and a text together, which tells more than two vectors do."""

    @property
    def name(self) -> str:
        """Of the model, for a user."""

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """One finite score per text, in the same order, higher fits better; any number of texts.

        Raises:
            UnavailableError: it does not answer, refuses, or answers with something else.
        """


@asynccontextmanager
async def open_reranker(settings: Settings) -> AsyncIterator[Reranker | None]:
    """Open what the settings name, and close it in the end; None when they name nothing.

    Raises:
        ConfigurationError: there is no such model, or a file or package of it is missing.
    """
    if settings.rerank_model is None and settings.rerank_url is None:
        if settings.rerank_api_key is not None:
            raise ConfigurationError("RERANK_API_KEY needs RERANK_URL, the server that takes it")
        yield None
        return
    kind = "local" if settings.rerank_url is None else "remote"
    needed_for = f"RERANK_MODEL={settings.rerank_model}"
    room = import_needed(f"rag_core.rerank.{kind}", needed_for=needed_for)
    opener: Callable[[Settings], AbstractAsyncContextManager[Reranker]] = room.open_reranker
    async with opener(settings) as reranker:
        yield reranker
