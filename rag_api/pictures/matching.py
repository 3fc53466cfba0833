"""Ranges of a text → where the same letters stand on a page, whose text was read in another way.

Only letters and digits count: how a reader writes headings, tables, line ends, hyphens, ligatures
and accents makes no difference. What is left is looked for in pieces, each as long as the page
has it, and of several places that have one it is where the words around are the same, too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

Range = tuple[int, int]
"""Half open."""

_LEAST_LETTERS = 4
"""Of a piece that the page has once, with what is the same around it; a shorter one is chance."""
_LEAST_AMONG_MORE = 8
"""Of one that the page has more often."""
_NEAR_LETTERS = 40
_MOST_AROUND = 400
"""How far the words around two places are compared."""
_MOST_PLACES = 500


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters and digits of a text, folded, and where each stands in it."""

    folded: str
    places: Sequence[int]
    """In the text, of each letter, and the text's length at the end."""

    def is_word(self, first: int, last: int) -> bool:
        """Whether no letter stands right before or after these."""
        return self._is_edge(first) and self._is_edge(last)

    def _is_edge(self, letter: int) -> bool:
        return letter in (0, len(self.folded)) or self.places[letter] - self.places[letter - 1] > 1


@dataclass(frozen=True, slots=True)
class Matched:
    """What was found of some ranges."""

    ranges: tuple[Range, ...]
    """In the text of the page."""
    wanted: int
    """How many letters the ranges have."""
    found: int
    """How many of these were found."""

    @property
    def share(self) -> float:
        """From 0 to 1; 0 when there is no letter in them, for then nothing is marked."""
        return self.found / self.wanted if self.wanted else 0.0


def fold_letters(text: str) -> Letters:
    """Leave out everything but letters and digits, and their case, accents and ligatures."""
    pieces = [_fold(character) for character in text]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return Letters("".join(pieces), [*places, len(text)])


def match_ranges(text: str, ranges: Iterable[Range], page: str) -> Matched:
    """Find on the page what the text has in these ranges.

    `text` is that of the page as the document has it, `page` as the file itself has it; ranges
    count in the first, those that are given back in the second.
    """
    ours, theirs = fold_letters(text), fold_letters(page)
    before = _count_letters(text)
    found: list[Range] = []
    wanted = matched = 0
    for start, end in ranges:
        first, last = before[start], before[end]
        wanted += last - first
        for begin, stop in _match(ours, (first, last), theirs.folded):
            matched += stop - begin
            found.append((theirs.places[begin], theirs.places[stop - 1] + 1))
    return Matched(tuple(found), wanted, matched)


def _fold(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return "".join(filter(str.isalnum, decomposed))


def _count_letters(text: str) -> list[int]:
    """How many letters stand before each character, and before the end."""
    return list(accumulate((len(_fold(character)) for character in text), initial=0))


def _match(ours: Letters, wanted: Range, theirs: str) -> Iterator[Range]:
    """Where the wanted letters of `ours` are in `theirs`, piece by piece, in their order."""
    place, last = wanted
    expected: int | None = None
    while place < last:
        length = _find_length(ours.folded[place:last], theirs)
        begin = _choose(ours, (place, place + length), theirs, expected) if length else None
        if begin is None:
            place += 1
            continue
        yield begin, begin + length
        place, expected = place + length, begin + length


def _find_length(wanted: str, theirs: str) -> int:
    """How many of the first letters stand together in `theirs`."""
    if wanted in theirs:
        return len(wanted)
    most, least = len(wanted), 0
    while most - least > 1:
        middle = (most + least) // 2
        if wanted[:middle] in theirs:
            least = middle
        else:
            most = middle
    return least


def _choose(ours: Letters, piece: Range, theirs: str, expected: int | None) -> int | None:
    """The place of a piece where most of what is around it is the same; None when none is sure.

    What follows on the piece before, though something is left out, goes before all others.
    """
    first, last = piece
    text = ours.folded
    places = list(_find_all(text[first:last], theirs))
    if expected is not None and (last - first >= _LEAST_LETTERS or ours.is_word(first, last)):
        near = [place for place in places if 0 <= place - expected <= _NEAR_LETTERS]
        if near:
            return near[0]
    # As far down the page as in our text, where the words around tell nothing.
    aim = first * len(theirs) // len(text)
    before, after = text[max(0, first - _MOST_AROUND) : first], text[last : last + _MOST_AROUND]

    def rank(place: int) -> tuple[int, int]:
        stop = place + last - first
        same = _count_same(before[::-1], theirs[max(0, place - _MOST_AROUND) : place][::-1])
        same += _count_same(after, theirs[stop : stop + _MOST_AROUND])
        return same, -abs(place - aim)

    best = max(places, key=rank)
    enough = _LEAST_LETTERS if len(places) == 1 else _LEAST_AMONG_MORE
    return best if last - first + rank(best)[0] >= enough else None


def _find_all(wanted: str, theirs: str) -> Iterator[int]:
    place = theirs.find(wanted)
    for _ in range(_MOST_PLACES):
        if place < 0:
            return
        yield place
        place = theirs.find(wanted, place + 1)


def _count_same(ours: str, theirs: str) -> int:
    """How many of the first letters are the same."""
    pairs = zip(ours, theirs, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
