"""From a question to its run: what fails before the run begins becomes a status."""

from __future__ import annotations

from fastapi import Request

from rag_api.asked import Asked
from rag_api.parts import Parts
from rag_api.routes.access import find_base_url
from rag_api.routes.models import check_model
from rag_api.routes.producing import produce, retrieve_and_produce
from rag_api.routes.retrieval import retrieve
from rag_api.runs import Run
from rag_api.wire.completed import Completed, complete
from rag_api.wire.response import client_leaves, work_until


async def begin_answer(
    asked: Asked, *, parts: Parts, request: Request, detaches: bool, chat_id: str | None = None
) -> Run:
    """Begin the run of an answer whose URLs lead to where the request came to.

    As `start_answer`.

    Raises:
        ClientDisconnect: the client left before, and its place is free again.
        RagError: as `start_answer`.
    """
    beginning = start_answer(
        asked,
        parts=parts,
        base_url=find_base_url(parts, request),
        detaches=detaches,
        chat_id=chat_id,
    )
    return await work_until(beginning, end=client_leaves(request.receive))


async def start_answer(
    asked: Asked, *, parts: Parts, base_url: str, detaches: bool, chat_id: str | None = None
) -> Run:
    """Wait for a place, retrieve, and begin the run of the answer.

    `detaches`: the run goes on for a while when its reader leaves, who may come back to it.

    Raises:
        OverloadedError: too many questions are being answered.
        RagError: the question cannot be answered or searched.
    """
    check_model(asked.model, parts)
    async with parts.runs.admit() as place:
        retrieved = await retrieve(asked, parts=parts, base_url=base_url)
        events = produce(retrieved, asked, parts)
        return place.start(events, detaches=detaches, chat_id=chat_id)


async def begin_at_once(asked: Asked, *, parts: Parts, request: Request) -> Run:
    """Wait for a place and begin the run; a failure in retrieval is its only event.

    For clients that show no status to their users. The run goes on for a while without a reader.

    Raises:
        OverloadedError: too many questions are being answered.
        ClientDisconnect: the client left before, and its place is free again.
    """

    async def begin() -> Run:
        async with parts.runs.admit() as place:
            events = retrieve_and_produce(asked, parts, find_base_url(parts, request))
            return place.start(events, detaches=True)

    return await work_until(begin(), end=client_leaves(request.receive))


async def finish_answer(run: Run, request: Request) -> Completed:
    """Read an answer to its end while the client waits for it.

    Raises:
        AnswerFailedError: it ended with `Failed`.
        ClientDisconnect: the client left, and the run does what its policy says.
    """
    return await work_until(complete(run.read()), end=client_leaves(request.receive))
