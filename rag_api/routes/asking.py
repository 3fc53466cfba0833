"""From a question to its run: what fails before the run begins becomes a status."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request

from rag_api.answer import answer
from rag_api.parts import Parts
from rag_api.prompt import Turn
from rag_api.routes.access import find_base_url
from rag_api.routes.models import check_model
from rag_api.routes.retrieval import Asked, retrieve
from rag_api.runs import Run
from rag_api.wire.completed import Completed, complete
from rag_api.wire.response import client_leaves, work_until
from rag_api.wire.source_list import INLINE_MODEL, append_sources, strip_sources


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
        events = answer(
            retrieved,
            history=[_strip_sources(turn) for turn in asked.history],
            answerer=parts.answerer,
            max_tokens=asked.max_tokens,
        )
        if asked.model == INLINE_MODEL:
            events = append_sources(events)
        return place.start(events, detaches=detaches, chat_id=chat_id)


async def finish_answer(run: Run, request: Request) -> Completed:
    """Read an answer to its end while the client waits for it.

    Raises:
        AnswerFailedError: it ended with `Failed`.
        ClientDisconnect: the client left, and the run does what its policy says.
    """
    return await work_until(complete(run.read()), end=client_leaves(request.receive))


def _strip_sources(turn: Turn) -> Turn:
    # The links may be signed, which is nothing for the chat model's server.
    return replace(turn, content=strip_sources(turn.content)) if turn.role == "assistant" else turn
