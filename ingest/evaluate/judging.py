"""Passages found for a question to where in them is what the question expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.dataset import ExpectedPassage, Question
from rag_core.documents import Passage

_SHOWN = 3
_SHOWN_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as a report shows it."""

    source: str
    title: str
    text: str
    fused_score: float
    expected: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that was searched."""

    question: Question
    documents: tuple[str, ...]
    """The sources found, each once, best first."""
    ranks: tuple[int | None, ...]
    """Of the first passage, from 1, that holds each of the expected ones."""
    passages: int
    """How many were found."""
    best_score: float
    """Fused; 0 when nothing was found."""
    milliseconds: float
    shown: tuple[Shown, ...]
    error: str | None = None
    """Why there is no result."""


def judge(question: Question, passages: Sequence[Passage], *, milliseconds: float) -> Judged:
    """Say what of it is expected; the documents of the question are sources by now."""
    texts = [plain(passage.text) for passage in passages] if question.passages else []
    return Judged(
        question=question,
        documents=tuple(dict.fromkeys(passage.source for passage in passages)),
        ranks=tuple(_find(one, passages, texts) for one in question.passages),
        passages=len(passages),
        best_score=passages[0].fused_score if passages else 0.0,
        milliseconds=milliseconds,
        shown=tuple(_show(question, passage) for passage in passages[:_SHOWN]),
    )


def failed(question: Question, error: Exception) -> Judged:
    """A question whose search failed: it found nothing."""
    nothing = tuple(None for _ in question.passages)
    return Judged(question, (), nothing, 0, 0.0, 0.0, (), f"{type(error).__name__}: {error}")


def _find(wanted: ExpectedPassage, passages: Sequence[Passage], texts: Sequence[str]) -> int | None:
    ranks = range(1, len(passages) + 1)
    held = (
        rank
        for rank, passage, text in zip(ranks, passages, texts, strict=True)
        if holds(wanted, passage.source, (passage.start, passage.end), text)
    )
    return next(held, None)


def holds(wanted: ExpectedPassage, source: str, span: tuple[int, int], text: str) -> bool:
    """Whether a part of a document holds what is expected; `text` as `plain` writes it.

    By offsets where there are any: more than half of it. Else by one of the texts.
    """
    if wanted.document not in (None, source):
        return False
    if wanted.start is None or wanted.end is None:
        return any(plain(one) in text for one in wanted.texts)
    common = min(span[1], wanted.end) - max(span[0], wanted.start)
    return 2 * common > wanted.end - wanted.start


def plain(text: str) -> str:
    """In lower case, one space between words."""
    return " ".join(text.lower().split())


def _show(question: Question, passage: Passage) -> Shown:
    text = " ".join(passage.text.split())
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    expected = passage.source in question.documents
    return Shown(passage.source, passage.title, short, round(passage.fused_score, 4), expected)
