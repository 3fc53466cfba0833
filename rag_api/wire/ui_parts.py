"""The events of a run → Vercel AI SDK's UI message stream, with numbered events or without."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from rag_api.events import (
    Cited,
    Delta,
    Done,
    Event,
    Failed,
    Gap,
    PassageView,
    Restarted,
    Retrieved,
)
from rag_api.runs import CANCELLED
from rag_api.wire.json_line import dump_model, quote_text
from rag_api.wire.native import RETRY_LINE
from rag_api.wire.shown_text import ShownText
from rag_api.wire.source_names import name_sources
from rag_api.wire.ui_objects import (
    AbortPart,
    CitationsPart,
    ErrorPart,
    FinishPart,
    FinishStepPart,
    PassageDetails,
    SourceMetadata,
    SourceUrlPart,
    StartPart,
    StartStepPart,
    TextEndPart,
    TextStartPart,
    UIMetadata,
    UIUsage,
)

UI_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
"""Tells proxies and other readers what the stream is; the SDK itself does not look."""

Written = tuple[bytes, ...]
"""JSON, each on one line."""

_TEXT_ID = "text"
_DELTA = b'{"type":"text-delta","id":"text","delta":%b}'
_DONE = b"[DONE]"
_LOST = "the beginning of this answer is kept no more; ask again"


class UIMessageEncoder:
    """Writes one run's events for the AI SDK, which numbers nothing and asks for all again."""

    def __init__(self, run_id: str) -> None:
        self._writer = PartWriter(run_id)

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""
        write = self._writer.write
        return b"".join([b"data: %b\n\n" % part for event in events for part in write(event)])


class NumberedEncoder:
    """Writes one run's events, from its first, for EventSource and its like.

    Each part has the id `<run>:<its number>`. Those up to the number `after` are left out: the
    client has them. The first part written tells it how soon to come back after a cut.
    """

    def __init__(self, run_id: str, *, after: int = 0) -> None:
        self._writer = PartWriter(run_id)
        self._id = run_id.encode()
        self._after = after
        self._number = 0
        self._retry = RETRY_LINE

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""
        write = self._writer.write
        return b"".join([self._number_part(part) for event in events for part in write(event)])

    def _number_part(self, part: bytes) -> bytes:
        self._number += 1
        if self._number <= self._after:
            return b""
        retry, self._retry = self._retry, b""
        return b"%bid: %b:%d\ndata: %b\n\n" % (retry, self._id, self._number, part)


class PartWriter:
    """Turns the events of one run into parts; each event gives the same parts every time."""

    def __init__(self, run_id: str) -> None:
        self._message_id = f"msg_{run_id}"
        self._shown = ShownText()
        self._has_text = False
        self._lost = False

    def write(self, event: Event) -> Written:
        """The parts that an event becomes, in their order; it may become none."""
        if self._lost:
            return ()
        if isinstance(event, Delta):
            return self._write_text(event.text)
        return self._write_rare(event)

    def _write_rare(self, event: Event) -> Written:
        match event:
            case Cited():
                self._shown.cite(event.citation)
            case Restarted():
                return self._write_text(self._shown.restart())
            case Retrieved():
                return self._write_start(event.passages)
            case Done() | Failed():
                return (*self._end_text(), *_write_end(event), _DONE)
            case Gap():
                # What follows would stand alone: no reader takes a text without its beginning.
                self._lost = True
                return (_dump(ErrorPart(error_text=_LOST)), _DONE)
        return ()

    def _write_start(self, passages: Sequence[PassageView]) -> Written:
        start = (_dump(StartPart(message_id=self._message_id)), _dump(StartStepPart()))
        names = name_sources(passages)
        sources = [_describe_source(passage, names[passage.number]) for passage in passages]
        return (*start, *map(_dump, sources))

    def _write_text(self, text: str) -> Written:
        self._shown.add(text)
        delta = _DELTA % quote_text(text)
        if self._has_text:
            return (delta,)
        self._has_text = True
        return (_dump(TextStartPart(id=_TEXT_ID)), delta)

    def _end_text(self) -> Written:
        if not self._has_text:
            return ()
        end = _dump(TextEndPart(id=_TEXT_ID))
        if not self._shown.citations:
            return (end,)
        return (end, _dump(CitationsPart(data=tuple(self._shown.citations))))


def write_error(detail: str) -> bytes:
    """The whole stream of an answer that never began."""
    return b"data: %b\n\ndata: %b\n\n" % (_dump(ErrorPart(error_text=detail)), _DONE)


def _write_end(event: Done | Failed) -> Written:
    if isinstance(event, Done):
        return (_dump(FinishStepPart()), _dump(_describe_finish(event)))
    if event == CANCELLED:
        return (_dump(AbortPart()),)
    return (_dump(ErrorPart(error_text=event.detail)),)


def _describe_source(passage: PassageView, name: str) -> SourceUrlPart:
    details = PassageDetails(
        number=passage.number,
        document_id=passage.document_id,
        chunk_id=passage.chunk_id,
        collection=passage.collection,
        source=passage.source,
        page=passage.page,
        heading_path=passage.heading_path,
        start=passage.start,
        end=passage.end,
        snippet=passage.text,
        score=passage.score,
        lexical_score=passage.lexical_score,
        fused_score=passage.fused_score,
    )
    return SourceUrlPart(
        source_id=str(passage.number),
        url=passage.url,
        title=name,
        provider_metadata=SourceMetadata(rag=details),
    )


def _describe_finish(done: Done) -> FinishPart:
    # Not `finishReason` of the part itself: versions below 5.0.60 refuse it.
    usage = UIUsage(
        input_tokens=done.input_tokens,
        output_tokens=done.output_tokens,
        total_tokens=done.input_tokens + done.output_tokens,
    )
    return FinishPart(
        message_metadata=UIMetadata(
            usage=usage,
            model=done.model,
            outcome=done.outcome,
            finish_reason=done.finish_reason,
            nearest=done.nearest,
        )
    )


def _dump(part: BaseModel) -> bytes:
    return dump_model(part, without_null=True)
