"""The sentences of an answer, and which of them the passages that they cite support.

A plain rule: the sentence's numbers must all be in the passages, and most of its words; where only
half of the words are, the meaning must be close to that of a quote.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.evaluate.api import AnswerView, CitationView
from ingest.evaluate.gold import strip_markers
from rag_core.embedding import Embedder
from rag_core.sentences import Span, find_sentences

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 6
"""So many letters of a word stand for it: `builds` for `building`."""
_MOST_COVERED = 0.8
_HALF_COVERED = 0.5
_CLOSE = 0.7
"""Cosine."""
_OWN_WORDS = "extractive"
"""The model whose last paragraph is a note of ours."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, with what it cites."""

    text: str
    quotes: tuple[str, ...]
    evidence: str
    """The passages that it cites."""


def own_text(view: AnswerView) -> str:
    """The answer without the note that no model wrote it."""
    if view.model != _OWN_WORDS:
        return view.answer
    return view.answer.rpartition("\n\n")[0] or view.answer


def find_claims(view: AnswerView) -> list[Claim]:
    """The sentences that say something, in order.

    One that cites nothing itself takes the citations of the next one in its paragraph.
    """
    text = own_text(view)
    spans = [
        (start, end) for start, end in find_sentences(text) if _says_something(text[start:end])
    ]
    cited = _share_out(view.citations, spans, text)
    passages = {passage.number: passage.text for passage in view.passages}
    return [
        _claim(strip_markers(text[start:end]), each, passages)
        for (start, end), each in zip(spans, cited, strict=True)
    ]


def _share_out(
    citations: Iterable[CitationView], spans: Sequence[Span], text: str
) -> list[list[CitationView]]:
    """The citations of each sentence: those between it and the next one."""
    starts = [start for start, _ in spans]
    cited: list[list[CitationView]] = [[] for _ in spans]
    for citation in citations:
        at = bisect_left(starts, citation.answer_start) - 1
        if at >= 0:
            cited[at].append(citation)
    for at in range(len(spans) - 2, -1, -1):
        if not cited[at] and "\n\n" not in text[spans[at][1] : spans[at + 1][0]]:
            cited[at] = cited[at + 1]
    return cited


def _says_something(sentence: str) -> bool:
    plain = strip_markers(sentence).strip()
    return bool(_WORD.search(plain) or _NUMBER.search(plain)) and not plain.endswith(("?", ":"))


def _claim(text: str, cited: Iterable[CitationView], passages: dict[int, str]) -> Claim:
    named = list(cited)
    quotes = tuple(one.quote for one in named)
    shown = dict.fromkeys([*quotes, *(passages.get(one.number, "") for one in named)])
    return Claim(text, quotes, "\n".join(shown))


async def find_supported(claims: Sequence[Claim], embedder: Embedder) -> list[bool]:
    """Whether each of these is supported by what it cites."""
    covered = [_coverage(claim) for claim in claims]
    unsure = [at for at, share in enumerate(covered) if _HALF_COVERED <= share < _MOST_COVERED]
    supported = [share >= _MOST_COVERED for share in covered]
    for at in unsure:
        claim = claims[at]
        vectors = await embedder.embed([claim.text, *claim.quotes])
        supported[at] = bool(np.max(vectors[1:] @ vectors[0]) >= _CLOSE)
    return supported


def _coverage(claim: Claim) -> float:
    """Share of its words that the evidence has; 0 when it has not all of its numbers."""
    if not claim.quotes:
        return 0.0
    numbers = set(_NUMBER.findall(claim.text)) - set(_NUMBER.findall(claim.evidence))
    if numbers:
        return 0.0
    words = _stems(claim.text)
    return len(words & _stems(claim.evidence)) / len(words) if words else 1.0


def _stems(text: str) -> set[str]:
    return {word[:_STEM].lower() for word in _WORD.findall(text)}
