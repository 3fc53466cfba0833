"""Answers as events, for the tests of what writes them down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from rag_api.abstention import find_nearest
from rag_api.events import Citation, Cited, Done, Event, Failed, PassageView, Retrieved
from rag_api.runs import Run


def passage_view(number: int, *, title: str = "Guide") -> PassageView:
    return PassageView(
        number=number,
        chunk_id=f"d{number}-0",
        document_id=f"d{number}",
        collection="default",
        source=f"/docs/{number}.md",
        title=title,
        page=None,
        heading_path=("Start",),
        start=0,
        end=4,
        text="Text",
        score=0.5,
        lexical_score=2.0,
        fused_score=0.4,
        confidence=0.9,
        url=f"http://here/v1/sources/d{number}-0#passage",
        metadata={},
    )


def cited(number: int, *, at: int = 3) -> Cited:
    passage = passage_view(number)
    return Cited(
        citation=Citation(
            number=number,
            document_id=passage.document_id,
            chunk_id=passage.chunk_id,
            source=passage.source,
            title=passage.title,
            page=passage.page,
            start=passage.start,
            end=passage.end,
            quote=passage.text,
            url=passage.url,
            answer_start=at,
            answer_end=at + 3,
        )
    )


PASSAGES = (passage_view(1), passage_view(2, title=""), passage_view(3))
RETRIEVED = Retrieved(
    question="What is it?", query="What is it?", collection="default", passages=PASSAGES
)
CITED = cited(1)
DONE = Done(outcome="answered", finish_reason="stop", model="tiny", input_tokens=7, output_tokens=3)
MISSED = DONE.model_copy(update={"outcome": "insufficient", "nearest": find_nearest(PASSAGES[:1])})
CLOSEST = "\n\n**Closest**\n\n- [Guide: Start](http://here/v1/sources/d1-0#passage) (0.40)"
"""The nearest misses of MISSED, where a protocol has no other place for them."""
FAILED = Failed(error="ChatUnavailableError", detail="the model was cut off", retryable=True)


async def stream(
    *ready: tuple[Event, ...], pause_seconds: float = 0.0
) -> AsyncGenerator[tuple[Event, ...], None]:
    for events in ready:
        yield events
        if pause_seconds:
            await asyncio.sleep(pause_seconds)


def begin(
    events: AsyncGenerator[tuple[Event, ...], None],
    *,
    detaches: bool = False,
    grace_seconds: float = 60.0,
) -> Run:
    """A run that produces these events."""
    run = Run(detaches=detaches, chat_id=None, grace_seconds=grace_seconds)
    run.begin(events, lambda: None)
    return run
