"""What an answer says before a marker → the words of the passage that support it best."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag_api.events import Citation, PassageView
from rag_core.sentences import find_sentences

_WORD = re.compile(r"\w+")
_SHORTEST_WORD = 4
"""Shorter words are mostly articles and prepositions; numbers always count."""
_STEM_CHARACTERS = 6
"""Enough of a word to tell it, whatever its ending."""
_FEWEST_SHARED = 2
_WORTH_A_SECOND = 2
"""Words that a neighbouring sentence must add to be quoted too."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A part of a passage: `document_text[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    words: frozenset[str]


class QuotableText:
    """A passage's text, cut into sentences once, for any number of quotes."""

    def __init__(self, passage: PassageView) -> None:
        self._passage = passage
        self._sentences = [
            _Sentence(start, end, read_words(passage.text[start:end]))
            for start, end in find_sentences(passage.text)
        ]

    def quote(self, statement: str) -> Quote:
        """The sentence or two that share most words with it; the whole when none does."""
        wanted = read_words(statement)
        shared = [wanted & sentence.words for sentence in self._sentences]
        best = max(range(len(shared)), key=lambda place: len(shared[place]), default=None)
        if best is None or len(shared[best]) < _FEWEST_SHARED:
            return self._cut(0, len(self._passage.text))
        first = last = best
        if best + 1 < len(shared) and len(shared[best + 1] - shared[best]) >= _WORTH_A_SECOND:
            last = best + 1
        elif best > 0 and len(shared[best - 1] - shared[best]) >= _WORTH_A_SECOND:
            first = best - 1
        return self._cut(self._sentences[first].start, self._sentences[last].end)

    def _cut(self, start: int, end: int) -> Quote:
        passage = self._passage
        return Quote(passage.start + start, passage.start + end, passage.text[start:end])


def read_words(text: str) -> frozenset[str]:
    """The beginnings of the words that carry meaning."""
    return frozenset(
        word[:_STEM_CHARACTERS]
        for word in _WORD.findall(text.lower())
        if len(word) >= _SHORTEST_WORD or word.isdigit()
    )


def cite_quote(passage: PassageView, quote: Quote, *, answer: tuple[int, int]) -> Citation:
    """The citation of a quote by the marker at `answer` (half open) in the answer's text."""
    return Citation(
        number=passage.number,
        document_id=passage.document_id,
        chunk_id=passage.chunk_id,
        source=passage.source,
        title=passage.title,
        page=passage.page,
        start=quote.start,
        end=quote.end,
        quote=quote.text,
        url=passage.url,
        answer_start=answer[0],
        answer_end=answer[1],
    )
