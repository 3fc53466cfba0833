"""OpenAI's Responses: the events of a run as numbered server-sent events."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rag_api.answer_errors import EventsDroppedError
from rag_api.event_log import EventLog
from rag_api.events import Delta, Done, Event, Failed, Gap
from rag_api.wire.json_line import dump_model, quote_text
from rag_api.wire.openai_chat import describe_failure
from rag_api.wire.responses_draft import ResponseDraft
from rag_api.wire.responses_objects import (
    AnnotationAdded,
    ErrorEvent,
    ItemAdded,
    ItemDone,
    OutputMessage,
    OutputText,
    PartAdded,
    PartDone,
    ResponseCompleted,
    ResponseCreated,
    ResponseEvent,
    ResponseFailed,
    ResponseIncomplete,
    ResponseInProgress,
    ResponseObject,
    TextDelta,
    TextDone,
)


class ResponsesEncoder:
    """Writes one run's events, numbered from 0; those up to the number `after` are left out.

    No `id:` lines, which break OpenAI's Python client. It reads the run from its beginning.
    """

    def __init__(self, head: ResponseObject, log: EventLog, *, after: int = -1) -> None:
        self._draft = draft = ResponseDraft(head, log)
        self._after = after
        self._number = 0
        self._begun = self._opened = False
        # An event is cut at its number and text once; a delta then costs no more than quoting.
        delta = TextDelta(sequence_number=0, item_id=draft.item_id, delta="")
        self._before_number, rest = _write(delta).split(b'"sequence_number":0', 1)
        self._before_text, self._after_text = rest.split(b'"delta":""')

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write events that became ready together, in their order."""
        return b"".join(
            [
                self._encode_text(event.text) if isinstance(event, Delta) else self._encode(event)
                for event in events
            ]
        )

    def _encode_text(self, text: str) -> bytes:
        opening = b"" if self._opened else self._open()
        self._draft.add(text)
        number = self._next()
        if number <= self._after:
            return opening
        return b'%b%b"sequence_number":%d%b"delta":%b%b' % (
            opening,
            self._before_number,
            number,
            self._before_text,
            quote_text(text),
            self._after_text,
        )

    def _encode(self, event: Event) -> bytes:
        if isinstance(event, Gap):
            return self._give_up(event)
        beginning = b"" if self._begun else self._begin()
        if more := self._draft.take(event):
            beginning += self._encode_text(more)
        if isinstance(event, Done):
            return beginning + self._finish()
        return beginning + self._fail(event) if isinstance(event, Failed) else beginning

    def _begin(self) -> bytes:
        self._begun = True
        head = self._draft.head
        return self._write_all(
            ResponseCreated(sequence_number=self._next(), response=head),
            ResponseInProgress(sequence_number=self._next(), response=head),
        )

    def _open(self) -> bytes:
        """Begin the message."""
        self._opened = True
        beginning = b"" if self._begun else self._begin()
        item_id = self._draft.item_id
        item = OutputMessage(id=item_id, status="in_progress", content=())
        part = OutputText(text="")
        return beginning + self._write_all(
            ItemAdded(sequence_number=self._next(), item=item),
            PartAdded(sequence_number=self._next(), item_id=item_id, part=part),
        )

    def _finish(self) -> bytes:
        opening = b"" if self._opened else self._open()
        response = self._draft.view()
        (item,) = response.output
        (part,) = item.content
        citations = [
            AnnotationAdded(
                sequence_number=self._next(),
                item_id=item.id,
                annotation_index=index,
                annotation=annotation,
            )
            for index, annotation in enumerate(part.annotations)
        ]
        last = ResponseCompleted if response.status == "completed" else ResponseIncomplete
        return opening + self._write_all(
            *citations,
            TextDone(sequence_number=self._next(), item_id=item.id, text=part.text),
            PartDone(sequence_number=self._next(), item_id=item.id, part=part),
            ItemDone(sequence_number=self._next(), item=item),
            last(sequence_number=self._next(), response=response),
        )

    def _fail(self, failed: Failed) -> bytes:
        # Python's client raises at the second one only, LangChain at the first.
        response = self._draft.view()
        return self._write_all(
            ResponseFailed(sequence_number=self._next(), response=response),
            _describe(failed, number=self._next()),
        )

    def _give_up(self, gap: Gap) -> bytes:
        error = EventsDroppedError(gap.last)
        failed = Failed(error=type(error).__name__, detail=str(error), retryable=False)
        number = max(self._after + 1, 0)
        # What follows would make no sense without them.
        self._after = sys.maxsize
        return _write(_describe(failed, number=number))

    def _write_all(self, *events: ResponseEvent) -> bytes:
        return b"".join([_write(event) for event in events if event.sequence_number > self._after])

    def _next(self) -> int:
        number = self._number
        self._number += 1
        return number


def _describe(failed: Failed, *, number: int) -> ErrorEvent:
    fault = describe_failure(failed).error
    return ErrorEvent(sequence_number=number, code=fault.code, message=fault.message, error=fault)


def _write(event: ResponseEvent) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.type.encode(), dump_model(event))
