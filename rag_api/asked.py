"""A question with all that was said of how to answer it."""

from __future__ import annotations

from dataclasses import dataclass

from rag_api.prompt import Turn
from rag_api.requests import DEFAULT_PASSAGES
from rag_api.retrieval_options import AS_USUAL, RetrievalOptions


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, in whichever protocol it came."""

    question: str
    history: tuple[Turn, ...] = ()
    collection: str | None = None
    top_k: int = DEFAULT_PASSAGES
    model: str | None = None
    max_tokens: int | None = None
    """Of the answer; None leaves it to us."""
    options: RetrievalOptions = AS_USUAL
