"""The events of an answer → a `Turn`: what is known of one question so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rag_api.demo.faults import make_sentence
from rag_api.events import (
    Citation,
    Cited,
    Delta,
    Done,
    Event,
    Failed,
    NearMiss,
    Outcome,
    Restarted,
    Retrieved,
)

Status = Literal["searching", "answering", "done", "failed", "stopped"]
RUNNING = ("searching", "answering")
_CANCELLED = "AnswerCancelledError"


@dataclass(frozen=True, slots=True)
class Begun:
    """The API has begun to answer; not one of its events, but what tells where they are read."""

    run: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document's text around a passage."""

    start: int
    """Where it begins in the document, in Unicode code points."""
    text: str
    to_end: bool = True
    """Whether the document ends where it ends."""
    page_starts: tuple[int, ...] = ()
    """Of its document; empty when that has no pages."""
    page_url: str | None = None
    """Of its document, where a page is shown as a picture; None when there is none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, and its answer as far as it has come."""

    number: int
    """From 1, in its conversation."""
    question: str
    status: Status = "searching"
    text: str = ""
    citations: tuple[Citation, ...] = ()
    retrieved: Retrieved | None = None
    outcome: Outcome = "answered"
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cut: bool = False
    """Whether the model came to its limit before its end."""
    nearest: tuple[NearMiss, ...] = ()
    fault: str = ""
    """Why there is no answer, or no more of it; a sentence."""
    run: str = ""
    """The answer's name at the API, where it can be read from its beginning; empty before that."""
    first_word_milliseconds: float | None = None
    """From the question to the first word; None when nobody was there to measure it."""
    whole_milliseconds: float | None = None
    """From the question to the end of the answer; the same."""
    gone: frozenset[str] = frozenset()
    """The ids of the documents that were changed or removed since."""
    stretches: Mapping[int, Stretch] = field(default_factory=dict)
    """By a passage's number: it and what stands around it, once its document was read."""

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.status in RUNNING


def take_event(turn: Turn, event: Event | Begun) -> Turn:
    """The turn with the event in it; events that say nothing to a reader change nothing."""
    match event:
        case Begun():
            turn = replace(turn, run=event.run)
        case Retrieved():
            turn = replace(turn, retrieved=event)
        case Delta():
            turn = replace(turn, status="answering", text=turn.text + event.text)
        case Cited():
            turn = replace(turn, citations=(*turn.citations, event.citation))
        case Restarted():
            turn = replace(turn, text="", citations=())
        case Done():
            turn = _finish(turn, event)
        case Failed():
            turn = _fail(turn, event)
    return turn


def note_time(turn: Turn, milliseconds: float | None) -> Turn:
    """The turn with when it came to its first word and to its end, if it just did."""
    if milliseconds is None:
        return turn
    if turn.text and turn.first_word_milliseconds is None:
        turn = replace(turn, first_word_milliseconds=milliseconds)
    if turn.status == "done":
        turn = replace(turn, whole_milliseconds=milliseconds)
    return turn


def fail_turn(turn: Turn, sentence: str) -> Turn:
    """The turn, which cannot be completed for this reason."""
    return replace(turn, status="failed", fault=sentence)


def stop_turn(turn: Turn) -> Turn:
    """The turn after it was stopped; one that has ended stays as it is."""
    return replace(turn, status="stopped") if turn.running else turn


def list_history(turns: tuple[Turn, ...]) -> list[dict[str, str]]:
    """What is sent as `history`: each question with its answer, failed ones left out."""
    return [
        message
        for turn in turns
        if turn.text
        for message in (
            {"role": "user", "content": turn.question},
            {"role": "assistant", "content": turn.text},
        )
    ]


def _fail(turn: Turn, failed: Failed) -> Turn:
    if failed.error != _CANCELLED:
        return fail_turn(turn, make_sentence(failed.detail))
    _, _, why = failed.detail.partition(": ")
    return replace(turn, status="stopped", fault=f"Stopped: {why}." if why else "")


def _finish(turn: Turn, done: Done) -> Turn:
    return replace(
        turn,
        status="done",
        outcome=done.outcome,
        model=done.model,
        input_tokens=done.input_tokens,
        output_tokens=done.output_tokens,
        cut=done.finish_reason == "length",
        nearest=done.nearest,
    )
