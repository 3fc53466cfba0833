"""Passages in the order of the search → in a reranker's order, or as they are when it fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rag_api.fallback import Rest
from rag_core.documents import Passage
from rag_core.errors import UnavailableError
from rag_core.query import Query
from rag_core.rerank import Reranker, open_reranker
from rag_core.rerank.order import rerank_passages
from rag_core.settings import Settings

_LOG = logging.getLogger(__name__)
_SPARE = 4
_RESTING = "failed again and again, and is left alone for a while"


@dataclass(frozen=True, slots=True)
class Ordered:
    """Passages, best first."""

    passages: Sequence[Passage]
    reranked_by: str | None = None
    """None when the order is the search's."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reranking:
    """A reranker, and the patience that we have with it."""

    reranker: Reranker
    candidates: int
    """How many passages it is given, and some more than the question wants at least."""
    timeout_seconds: float
    rest: Rest = field(default_factory=Rest)

    async def order(
        self, query: Query, passages: Sequence[Passage], *, weights: Mapping[str, float]
    ) -> Ordered:
        """Order the first passages and leave out the others; `weights` are of their collections.

        When the reranker fails all stay as they are, with a warning; one that fails again and
        again is left alone for half a minute, so that not every question waits for its failure.
        """
        if not passages:
            return Ordered(passages)
        if self.rest.is_due():
            return Ordered(
                passages, warnings=_warn(f"the reranker {self.reranker.name!r} {_RESTING}")
            )
        try:
            ranked = await rerank_passages(
                self.reranker,
                query.text,
                passages[: max(self.candidates, query.top_k + _SPARE)],
                weights=weights,
                timeout_seconds=self.timeout_seconds,
            )
        except UnavailableError as error:
            self.rest.note_failure(error)
            _LOG.warning("passages are not reranked: %s", error)
            return Ordered(passages, warnings=_warn(str(error)))
        self.rest.note_success()
        return Ordered(ranked, reranked_by=self.reranker.name)


def _warn(why: str) -> tuple[str]:
    return (f"The passages are in the order of the search: {why}.",)


@asynccontextmanager
async def open_reranking(settings: Settings) -> AsyncIterator[Reranking | None]:
    """Open the reranker that the settings name; None when they name none.

    Raises:
        ConfigurationError: it cannot be opened as they name it.
    """
    async with open_reranker(settings) as reranker:
        if reranker is None:
            yield None
            return
        yield Reranking(reranker, settings.rerank_candidates, settings.rerank_timeout_seconds)
