"""An answer and the right ones to exact match and F1, as SQuAD counts; citations to evidence."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

from ingest.evaluate.api import CitationView
from ingest.evaluate.dataset import ExpectedPassage, Question

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MARKER = re.compile(r"\s?\[\d+(?:\s?[,;–-]\s?\d+)*\]")


def strip_markers(answer: str) -> str:
    """Leave out the markers of citations."""
    return _MARKER.sub("", answer)


def normalise(text: str) -> str:
    """In lower case, without punctuation, articles and needless spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def score_exact(answer: str, right: Sequence[str]) -> float:
    """1 when the answer is one of these, else 0."""
    return _best(_is_same, answer, right)


def score_f1(answer: str, right: Sequence[str]) -> float:
    """How far the words are those of the closest of these, from 0 to 1."""
    return _best(_overlap, answer, right)


def score_contained(answer: str, right: Sequence[str]) -> float:
    """1 when the answer says one of these in so many words, else 0."""
    return _best(_holds, answer, right)


def _best(score: Callable[[str, str], float], answer: str, right: Sequence[str]) -> float:
    said = normalise(strip_markers(answer))
    return max((score(said, normalise(one)) for one in right), default=0.0)


def _is_same(said: str, right: str) -> float:
    return float(said == right)


def _holds(said: str, right: str) -> float:
    return float(bool(right) and f" {right} " in f" {said} ")


def _overlap(said: str, right: str) -> float:
    words, wanted = said.split(), right.split()
    if not words or not wanted:
        return float(words == wanted)
    common = sum((Counter(words) & Counter(wanted)).values())
    return 2 * common / (len(words) + len(wanted))


def score_citations(question: Question, citations: Sequence[CitationView]) -> tuple[float, float]:
    """Share of the citations that point at what is expected, and of that what they point at.

    That is passages where the question names some, and else documents.
    """
    if question.passages:
        right = [
            {number for number, one in enumerate(question.passages) if _touches(cited, one)}
            for cited in citations
        ]
        expected = len(question.passages)
    else:
        names = list(question.documents)
        right = [
            {number for number, name in enumerate(names) if name == cited.source}
            for cited in citations
        ]
        expected = len(names)
    precision = sum(map(bool, right)) / len(citations) if citations else 0.0
    return precision, len(set().union(*right)) / expected


def _touches(cited: CitationView, wanted: ExpectedPassage) -> bool:
    """Whether a quote has a part of a passage in it."""
    if wanted.document not in (None, cited.source):
        return False
    if wanted.start is not None and wanted.end is not None:
        return cited.start < wanted.end and wanted.start < cited.end
    quote = normalise(cited.quote)
    return any(normalise(text) in quote or quote in normalise(text) for text in wanted.texts)
