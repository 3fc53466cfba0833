"""What a route needs, as one value: built in `rag_api.assembly`, or by a test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from rag_api.admission import Runs
from rag_api.answer import Answerer
from rag_api.embeddings import Embeddings
from rag_api.jobs import Jobs, JobWatch
from rag_api.library import Library
from rag_api.ratings import Ratings
from rag_api.reranking import Reranking
from rag_core.settings import Settings

Check = Callable[[], Awaitable[object]]
"""Returns when its part answers, raises when it does not."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route needs; tests pass other ones."""

    settings: Settings
    library: Library
    answerer: Answerer
    runs: Runs
    checks: Mapping[str, Check]
    """By the part's name; what `/readyz` asks."""
    embeddings: Embeddings
    jobs: Jobs
    watch: JobWatch
    ratings: Ratings
    reranking: Reranking | None = None
    """None when no reranker is configured."""
    others: Mapping[str, Answerer] = field(default_factory=dict)
    """Who answers, when a question asks for one of CHAT_MODELS by its name."""

    @property
    def chat_models(self) -> list[str]:
        """The names of all chat models, the first one first."""
        return [self.answerer.model, *self.others]

    def find_answerer(self, model: str | None) -> Answerer:
        """Who answers when this model is asked for; the first one by any other name."""
        return self.answerer if model is None else self.others.get(model, self.answerer)
