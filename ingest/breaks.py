"""Where a text may be broken: after sentences, lines and words, or else in its middle."""

from __future__ import annotations

import re

from ingest.blocks import Kind
from rag_core.sentences import find_sentences

SOLID = ("code", "row")
"""Kinds that are never broken at sentences: their lines are what belongs together."""


def find_sentence_ends(text: str) -> list[int]:
    """The ends of all sentences but the last."""
    return [end for _, end in find_sentences(text)][:-1]


def find_line_ends(text: str) -> list[int]:
    """The line feeds."""
    return [match.start() for match in re.finditer("\n", text)]


def find_word_ends(text: str) -> list[int]:
    """The ends of all words but the last."""
    return [match.end() for match in re.finditer(r"\S+", text)][:-1]


def find_middle(text: str) -> list[int]:
    """The middle."""
    return [len(text) // 2]


def find_whole_ends(text: str, kind: Kind) -> list[int]:
    """The ends of what is whole in itself: lines of code, rows, else sentences."""
    return find_line_ends(text) if kind in SOLID else find_sentence_ends(text)


BREAKS = (
    (find_sentence_ends, True),
    (find_line_ends, True),
    (find_word_ends, False),
    (find_middle, False),
)
"""From the best to the last resort; whether what follows begins something whole."""
