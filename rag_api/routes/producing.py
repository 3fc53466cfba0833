"""A question → the events of its answer, for a run to produce."""

from __future__ import annotations

from contextlib import aclosing

from rag_api.answer import answer, describe_failure
from rag_api.asked import Asked
from rag_api.events import AnswerStream, Retrieved
from rag_api.parts import Parts
from rag_api.routes.models import check_model
from rag_api.routes.retrieval import retrieve
from rag_api.wire.appended import strip_appended
from rag_api.wire.source_list import INLINE_MODEL, append_sources
from rag_core.errors import RagError


async def retrieve_and_produce(asked: Asked, parts: Parts, base_url: str) -> AnswerStream:
    """Give the events of a question that is still to be searched; a failure is one of them."""
    try:
        check_model(asked.model, parts)
        retrieved = await retrieve(asked, parts=parts, base_url=base_url)
    except RagError as error:
        yield (describe_failure(error),)
        return
    async with aclosing(produce(retrieved, asked, parts)) as ready:
        async for events in ready:
            yield events


def produce(retrieved: Retrieved, asked: Asked, parts: Parts) -> AnswerStream:
    """Give the events of an answer from these passages, as the model that was named shows it."""
    events = answer(
        retrieved,
        history=strip_appended(asked.history),
        answerer=parts.find_answerer(asked.model),
        max_tokens=asked.max_tokens,
        abstains=asked.options.abstain,
    )
    return append_sources(events) if asked.model == INLINE_MODEL else events
