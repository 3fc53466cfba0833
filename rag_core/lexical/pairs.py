"""Terms as pairs that stand side by side: `hip`, `fracture` as `hip·fracture`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_BETWEEN = "·"
"""In no term: it is no part of a word."""


def pair_terms(terms: Sequence[str]) -> list[str]:
    """Each term with the one after it, in order; nothing for a single one."""
    return [first + _BETWEEN + second for first, second in pairwise(terms)]


def pair_words(words: Sequence[tuple[str, ...]]) -> list[str]:
    """The pairs that neighbouring words may be, each word given as its terms in some languages.

    Both terms of a pair are of one language, as in a text.
    """
    pairs = (
        first + _BETWEEN + second
        for one, other in pairwise(words)
        for first in one
        for second in other
        if _language(first) == _language(second)
    )
    return list(dict.fromkeys(pairs))


def _language(term: str) -> str:
    language, named, _ = term.partition(":")
    return language if named else ""
