"""From a question to the passages that it is answered from; what fails here becomes a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag_api.answer import check_question
from rag_api.events import PassageView, Retrieved, view_passage
from rag_api.parts import Parts
from rag_api.prompt import Turn
from rag_api.requests import DEFAULT_PASSAGES, MAX_QUESTION_CHARACTERS
from rag_api.routes.access import source_url
from rag_core.errors import RequestTooLargeError

# The embedding model reads 256 word pieces; the question must not be pushed out of them.
_MAX_EARLIER_CHARACTERS = 500


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


async def retrieve(asked: Asked, *, parts: Parts, base_url: str) -> Retrieved:
    """Find what answers a question; every failure is raised, so that it becomes a status.

    Raises:
        RequestTooLargeError: the question is too long.
        RagError: it cannot be searched.
    """
    check_length(asked.question)
    check_question(asked.question, answerer=parts.answerer)
    collection = asked.collection or parts.settings.collection
    query = build_query(asked.question, asked.history)
    passages = await find_passages(
        query, collection=collection, top_k=asked.top_k, parts=parts, base_url=base_url
    )
    return Retrieved(question=asked.question, query=query, collection=collection, passages=passages)


async def find_passages(
    query: str, *, collection: str, top_k: int, parts: Parts, base_url: str
) -> tuple[PassageView, ...]:
    """Search, and number what was found from 1."""
    passages = await parts.library.search(query, collection=collection, top_k=top_k)
    return tuple(
        view_passage(
            passage,
            number=number,
            url=source_url(passage.chunk_id, parts=parts, base_url=base_url),
        )
        for number, passage in enumerate(passages, start=1)
    )


def check_length(question: str) -> None:
    """Raise RequestTooLargeError when a question is longer than we search."""
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise RequestTooLargeError(
            f"the question has {len(question):,} characters, the limit is "
            f"{MAX_QUESTION_CHARACTERS:,}"
        )


def build_query(question: str, history: Sequence[Turn]) -> str:
    """Put the user's previous turn before the question: "and its price?" says too little."""
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier:
        return question
    return f"{earlier[-1][-_MAX_EARLIER_CHARACTERS:].strip()}\n{question}"
