"""Passages, best first → those of them that say something which no better one says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from rag_core.documents import Passage

_HEADING = re.compile(r"^[ \t]*#+ .*$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_RUN = 3
"""Words in a row that are compared: the same words in another order say something else."""
_SHARED = 0.9
"""How much of a passage must stand in a better one, by its runs of words."""
_TRIED = 8
_BEGINNING = 60
"""Words among which the longest are tried."""
_MOST_SOURCES = 20


class _Wording:
    """The words of a text, without its headings.

    Roughly at first, with what punctuation touches them: to cut them out takes thrice as long.
    """

    def __init__(self, text: str) -> None:
        plain = _HEADING.sub("", text).lstrip() if "#" in text else text
        self._text = plain if plain.strip() else text
        rough = self._text.split() if text.isascii() else _WORD.findall(self._text)
        self.rough = frozenset(rough)
        self.longest = frozenset(sorted(dict.fromkeys(rough[:_BEGINNING]), key=len)[-_TRIED:])

    @cached_property
    def words(self) -> frozenset[str]:
        """Each once, as it is written."""
        return frozenset(_WORD.findall(self._text))

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Its words in a row, lower case; one run of a text that is shorter."""
        lower = [word.lower() for word in _WORD.findall(self._text)]
        last = max(1, len(lower) - _RUN + 1)
        return frozenset(tuple(lower[at : at + _RUN]) for at in range(last))


def drop_duplicates(passages: Sequence[Passage]) -> list[Passage]:
    """Leave out what a better passage says nearly word for word, and name its source there.

    Headings are not compared: copies of a text stand under others. A passage with a number or a
    name that the better one has not (a word with a digit or a capital) stays, however alike the
    two are: such forms differ in what matters.
    """
    kept: list[tuple[Passage, _Wording]] = []
    for passage in passages:
        wording = _Wording(passage.text)
        place = next(
            (place for place, (_, better) in enumerate(kept) if _says(better, wording)), None
        )
        if place is None:
            kept.append((passage, wording))
        else:
            best, better = kept[place]
            kept[place] = _name_source(best, passage), better
    return [passage for passage, _ in kept]


def _says(better: _Wording, worse: _Wording) -> bool:
    """Whether the better one says all that the worse one does."""
    # Nearly all pairs differ in their longest words, and need not be compared run by run.
    if 2 * len(worse.longest & better.rough) < len(worse.longest):
        return False
    if any(_is_telling(word) for word in worse.words - better.words):
        return False
    return len(worse.runs & better.runs) >= _SHARED * len(worse.runs)


def _is_telling(word: str) -> bool:
    return any(char.isdigit() or char.isupper() for char in word)


def _name_source(best: Passage, left_out: Passage) -> Passage:
    known = dict.fromkeys((*best.also_in, left_out.source))
    known.pop(best.source, None)
    return replace(best, also_in=tuple(known)[:_MOST_SOURCES])
