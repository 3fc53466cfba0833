"""From a question to its run: what fails before the run begins becomes a status."""

from __future__ import annotations

from contextlib import aclosing

from fastapi import Request

from rag_api.answer import answer, describe_failure
from rag_api.events import Retrieved
from rag_api.parts import Parts
from rag_api.routes.access import find_base_url
from rag_api.routes.models import check_model
from rag_api.routes.retrieval import Asked, retrieve
from rag_api.runs import AnswerStream, Run
from rag_api.wire.completed import Completed, complete
from rag_api.wire.response import client_leaves, work_until
from rag_core.errors import RagError


async def begin_answer(
    asked: Asked, *, parts: Parts, request: Request, detaches: bool, chat_id: str | None = None
) -> Run:
    """Wait for a place, retrieve, and begin the run of the answer.

    `detaches`: the run goes on for a while when its reader leaves, who may come back to it.

    Raises:
        OverloadedError: too many questions are being answered.
        RagError: the question cannot be answered or searched.
    """
    check_model(asked.model, parts)
    async with parts.runs.admit() as place:
        retrieved = await retrieve(asked, parts=parts, base_url=find_base_url(parts, request))
        events = _produce(retrieved, asked, parts)
        return place.start(events, detaches=detaches, chat_id=chat_id)


async def begin_at_once(asked: Asked, *, parts: Parts, request: Request) -> Run:
    """Wait for a place and begin the run; a failure in retrieval is its only event.

    For clients that show no status to their users. The run goes on for a while without a reader.

    Raises:
        OverloadedError: too many questions are being answered.
    """
    async with parts.runs.admit() as place:
        events = _retrieve_and_produce(asked, parts, find_base_url(parts, request))
        return place.start(events, detaches=True)


async def finish_answer(run: Run, request: Request) -> Completed:
    """Read an answer to its end while the client waits for it.

    Raises:
        AnswerFailedError: it ended with `Failed`.
        ClientDisconnect: the client left, and the run does what its policy says.
    """
    return await work_until(complete(run.read()), end=client_leaves(request.receive))


async def _retrieve_and_produce(asked: Asked, parts: Parts, base_url: str) -> AnswerStream:
    try:
        check_model(asked.model, parts)
        retrieved = await retrieve(asked, parts=parts, base_url=base_url)
    except RagError as error:
        yield (describe_failure(error),)
        return
    async with aclosing(_produce(retrieved, asked, parts)) as ready:
        async for events in ready:
            yield events


def _produce(retrieved: Retrieved, asked: Asked, parts: Parts) -> AnswerStream:
    return answer(
        retrieved, history=asked.history, answerer=parts.answerer, max_tokens=asked.max_tokens
    )
