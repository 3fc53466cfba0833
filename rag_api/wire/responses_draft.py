"""A run's events → what they have made of its response so far, as OpenAI's `response` object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rag_api.answer_errors import AnswerCancelledError, EventsDroppedError
from rag_api.event_log import EventLog
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
from rag_api.wire.closest import write_closest
from rag_api.wire.completed import Completed, leave_out_void
from rag_api.wire.openai_chat import annotate
from rag_api.wire.responses_objects import (
    IncompleteDetails,
    ItemStatus,
    OutputMessage,
    OutputText,
    ResponseFault,
    ResponseObject,
    ResponseUsage,
    Status,
    UrlAnnotation,
)
from rag_api.wire.shown_text import ShownText
from rag_core.errors import ChatRateLimitedError
from rag_core.unicode import make_well_formed

RESPONSE_PREFIX = "resp_"
"""What stands before a run's id in that of its response."""

_REASONS: dict[str, Literal["max_output_tokens", "content_filter"]] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}


class ResponseDraft:
    """What a run's events have made of its response so far."""

    def __init__(self, head: ResponseObject, log: EventLog) -> None:
        self.head = head
        """The response before its first event."""
        self.question = ""
        """What is answered; empty before the first event."""
        self.item_id = f"msg_{head.id.removeprefix(RESPONSE_PREFIX)}"
        self._log = log
        self._texts: list[str] = []
        self._passages: tuple[PassageView, ...] = ()
        self._shown = ShownText()
        self._end: Done | Failed | None = None

    @property
    def text(self) -> str:
        """What is said; half a surrogate pair is `?`, as in the pieces of a stream."""
        return make_well_formed("".join(self._texts))

    def add(self, text: str) -> None:
        """Go on with this text."""
        self._texts.append(text)
        self._shown.add(text)

    def take(self, event: Event) -> str:
        """Add an event; gives the text to go on with where it is none of the answer's."""
        match event:
            case Delta():
                self.add(event.text)
            case Cited():
                self._shown.cite(event.citation)
            case Retrieved():
                self.question, self._passages = event.question, event.passages
            case Restarted():
                return self._shown.restart()
            case Done():
                self._end = event
                return write_closest(event.nearest, self._passages)
            case Failed():
                self._end = event
        return ""

    def view(self) -> ResponseObject:
        """The response as it is now."""
        end = self._end
        if end is None:
            return self._view("in_progress", "in_progress")
        if isinstance(end, Failed):
            return self._view_failed(end)
        usage = _count_usage(end)
        if end.finish_reason in _REASONS:
            details = IncompleteDetails(reason=_REASONS[end.finish_reason])
            return self._view("incomplete", "incomplete", usage=usage, incomplete_details=details)
        return self._view("completed", "completed", usage=usage, completed_at=self._log.ended_at)

    def _view_failed(self, failed: Failed) -> ResponseObject:
        if failed.error == AnswerCancelledError.__name__:
            return self._view("cancelled", "incomplete")
        limited = failed.error == ChatRateLimitedError.__name__
        fault = ResponseFault(
            code="rate_limit_exceeded" if limited else "server_error",
            message=failed.detail,
            type=failed.error,
        )
        return self._view("failed", "incomplete", error=fault)

    def _view(self, status: Status, item_status: ItemStatus, **more: object) -> ResponseObject:
        said = self._texts or isinstance(self._end, Done)
        output = (self._message(item_status),) if said else ()
        return self.head.model_copy(update={"status": status, "output": output, **more})

    def _message(self, status: ItemStatus) -> OutputMessage:
        annotations = tuple(
            UrlAnnotation(
                url=annotation.url_citation.url,
                title=annotation.url_citation.title,
                start_index=annotation.url_citation.start_index,
                end_index=annotation.url_citation.end_index,
            )
            for annotation in annotate(self._passages, self._shown.citations)
        )
        part = OutputText(text=self.text, annotations=annotations)
        return OutputMessage(id=self.item_id, status=status, content=(part,))


def read_log(head: ResponseObject, log: EventLog) -> ResponseDraft:
    """What has become of a response, without text that a new beginning made void.

    Raises:
        EventsDroppedError: the answer is so long that its beginning is kept no more.
    """
    events = log.take_all()
    if events and isinstance(events[0], Gap):
        raise EventsDroppedError(events[0].last)
    return _draft(head, log, leave_out_void(events))


def view_completed(head: ResponseObject, completed: Completed, log: EventLog) -> ResponseObject:
    """Put a completed run into one response."""
    return _draft(head, log, completed.as_events()).view()


def _draft(head: ResponseObject, log: EventLog, events: Iterable[Event]) -> ResponseDraft:
    draft = ResponseDraft(head, log)
    for event in events:
        if more := draft.take(event):
            draft.add(more)
    return draft


def _count_usage(done: Done) -> ResponseUsage:
    return ResponseUsage(
        input_tokens=done.input_tokens,
        output_tokens=done.output_tokens,
        total_tokens=done.input_tokens + done.output_tokens,
    )
