"""Question and passages → the sentences that answer best, for an answer without a model.

With these weights the answer to a question of SQuAD 2 stands in the best sentence for 76 %, in one
of the best three for 90 %.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag_api.events import PassageView
from rag_api.quotes import Quote
from rag_core.embedding import Embedder
from rag_core.languages import detect_language
from rag_core.legibility import is_legible, temper
from rag_core.lexical.analysis import query_words, terms_language, text_terms
from rag_core.lexical.characters import find_characters, in_pairs
from rag_core.lexical.rareness import idf_of
from rag_core.sentences import find_sentences

_COSINE_WEIGHT = 0.5
_LEXICAL_WEIGHT = 0.5
_PASSAGE_WEIGHT = 1.0
_KIND_BONUS = 0.3
_MOST_EMBEDDED = 12
"""Sentences that are worth a vector, 5 ms of CPU each, so that an answer stays under 150 ms."""
_CHOSEN = 3

_K1 = 1.2
_B = 0.75

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)(.*)$", re.MULTILINE)
_FENCED = re.compile(r"^[ \t>]*(```|~~~).*?(?:^[ \t>]*\1|\Z)", re.MULTILINE | re.DOTALL)
_NO_PROSE_BEFORE = re.compile(r"[#|]")
# Marks of links, tables of contents and code, whose fence may stand in another passage.
_NO_PROSE_INSIDE = re.compile(r"[{}]|://|\.{4}|\w\((?!s\))|[=!<>]=|=>|\w=\w|;\s*$")
_ROW = re.compile(r"\|[^|]*\w[^|]*\|[^|]*\w.*\|$")
"""Of a table, with something in two cells at least."""
_BELOW_NAMES = re.compile(r"\n[ \t]*\|[ \t]*:?-")
"""What follows a row with the names of the columns."""
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 4
_MOST_CHARACTERS = 600

_DATE = re.compile(
    r"(?<!\d)\d{4}(?!\d)|\b(?:january|february|march|april|may|june|july|august|september|october"
    r"|november|december)\b|\b(?:century|decade)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|[〇一二三四五六七八九十百千万亿億]"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million"
    r"|half|dozen)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z]\w+")
_KINDS = (
    (
        re.compile(
            r"\b(?:when|(?:what|which) (?:year|date|day|month)|wann|quand|cuándo"
            r"|quando|когда|متى)\b"
            r"|何时|哪一?年|いつ|何年|언제",
            re.IGNORECASE,
        ),
        _DATE,
    ),
    (
        re.compile(
            r"\bhow (?:many|much|long|old|far|often|big|large|fast)\b"
            r"|\b(?:wie ?viele?|wie (?:hoch|lang|alt|groß)|combien"
            r"|cuánt[oa]s?|quant[oiae]s?|сколько|كم)\b"
            r"|多少|几|いくつ|何人|얼마|몇",
            re.IGNORECASE,
        ),
        _NUMBER,
    ),
    (re.compile(r"\b(?:who|whom|whose|where)\b", re.IGNORECASE), _NAME),
)


@dataclass(frozen=True, slots=True)
class ChosenSentence:
    """A sentence of a passage, quoted exactly."""

    passage: PassageView
    quote: Quote


async def choose_sentences(
    question: str, passages: Sequence[PassageView], embedder: Embedder
) -> list[ChosenSentence]:
    """Up to three sentences, the best first."""
    candidates = _find_candidates(passages)
    if not candidates:
        return []
    scores = _score_words(question, candidates)
    known = [
        _LEXICAL_WEIGHT * score
        + _PASSAGE_WEIGHT * candidate.passage.fused_score
        + (_KIND_BONUS if _holds_kind(question, candidate.quote.text) else 0.0)
        for score, candidate in zip(scores, candidates, strict=True)
    ]
    places = sorted(range(len(known)), key=known.__getitem__, reverse=True)[:_MOST_EMBEDDED]
    legible = is_legible(question, tokenizer=embedder.tokenizer)
    vectors = await embedder.embed([question, *(candidates[place].quote.text for place in places)])
    cosines = temper(vectors[1:] @ vectors[0], legible=legible)
    total = {
        place: known[place] + _COSINE_WEIGHT * float(cosine)
        for place, cosine in zip(places, cosines, strict=True)
    }
    return [candidates[place] for place in sorted(places, key=total.__getitem__, reverse=True)][
        :_CHOSEN
    ]


def _find_candidates(passages: Sequence[PassageView]) -> list[ChosenSentence]:
    """Each sentence once, prose only where there is any."""
    found: dict[str, tuple[ChosenSentence, bool]] = {}
    for passage in passages:
        for sentence, is_prose in _find_sentences(passage):
            found.setdefault(sentence.quote.text, (sentence, is_prose))
    prose = [sentence for sentence, is_prose in found.values() if is_prose]
    return prose or [sentence for sentence, _ in found.values()]


def _find_sentences(passage: PassageView) -> Iterator[tuple[ChosenSentence, bool]]:
    """The sentences of a passage, and whether each is prose."""
    fenced = _find_code(passage.text)
    for span in find_sentences(passage.text):
        start, end = _widen(passage.text, *span)
        quote = Quote(passage.start + start, passage.start + end, passage.text[start:end])
        in_code = any(first <= start < last for first, last in fenced)
        is_prose = not in_code and _is_prose(passage.text, start, end)
        yield ChosenSentence(passage, quote), is_prose


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole row of a sentence in a table: alone it says nothing of what."""
    line = text.rfind("\n", 0, start) + 1
    if not text.startswith("|", line):
        return start, end
    line_end = text.find("\n", end)
    return line, len(text) if line_end < 0 else line_end


def _find_code(text: str) -> list[tuple[int, int]]:
    """Where code stands, half open; a block may begin or end in another passage."""
    fences = list(_FENCE.finditer(text))
    start = fences[0].end() if len(fences) % 2 and _ends_block(text, fences[0]) else 0
    begun_before = [(0, start)] if start else []
    return [*begun_before, *(match.span() for match in _FENCED.finditer(text, start))]


def _ends_block(text: str, fence: re.Match[str]) -> bool:
    """Whether a fence is bare and right below a line: a blank one stands above most blocks."""
    above = text[: fence.start()].removesuffix("\n").rpartition("\n")[2]
    return not fence[1].strip() and above.strip() != ""


def _is_prose(text: str, start: int, end: int) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    if _NO_PROSE_BEFORE.search(text, line_start, start) or end - start > _MOST_CHARACTERS:
        return False
    sentence = text[start:end]
    if "|" in sentence and not (_ROW.match(sentence) and not _BELOW_NAMES.match(text, end)):
        return False
    words = _WORD.findall(in_pairs(sentence))
    return len(words) >= _FEWEST_WORDS and not _NO_PROSE_INSIDE.search(sentence)


def _score_words(question: str, candidates: Sequence[ChosenSentence]) -> list[float]:
    """BM25 of each sentence among the others, in [0, 1]: 1 is what no sentence can pass.

    Each in the language of its passage.
    """
    passages = {one.passage.chunk_id: one.passage.text for one in candidates}
    spoken = {key: detect_language(text) for key, text in passages.items()}
    terms = [_count(one.quote.text, spoken[one.passage.chunk_id]) for one in candidates]
    wanted = query_words(question, list(dict.fromkeys(map(terms_language, spoken.values()))))
    weights = {word: _weigh(word, terms) for word in wanted}
    mean = sum(map(Counter.total, terms)) / len(terms) or 1.0
    ceiling = (_K1 + 1) * sum(weights.values()) or 1.0
    return [_bm25(count, weights, mean) / ceiling for count in terms]


def _weigh(word: Iterable[str], terms: Sequence[Counter[str]]) -> float:
    holding = sum(any(map(count.get, word)) for count in terms)
    return idf_of(len(terms), holding)


def _count(sentence: str, language: str) -> Counter[str]:
    return Counter([*text_terms(sentence, language), *find_characters(sentence)])


def _bm25(count: Counter[str], weights: Mapping[tuple[str, ...], float], mean: float) -> float:
    norm = _length_norm(count.total() / mean)
    times = {word: sum(map(count.__getitem__, word)) for word in weights}
    return sum(
        weight * times[word] * (_K1 + 1) / (times[word] + norm) for word, weight in weights.items()
    )


def _length_norm(relative_length: float) -> float:
    return _K1 * (1 - _B + _B * relative_length)


def _holds_kind(question: str, sentence: str) -> bool:
    """Whether it holds the kind of thing that the question asks for."""
    return any(asks.search(question) and kind.search(sentence) for asks, kind in _KINDS)
