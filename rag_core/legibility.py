"""A tokenizer's vocabulary and a text → whether a model can read the text's script at all.

A model that was trained on English cuts Chinese or Russian into single letters. Its vectors of such
texts are all much alike, and tell little.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

_FILE = "file:"
_TYPES = ("WordPiece", "Unigram")
"""Those whose pieces are letters, and not bytes."""
_LEAST_SHARE = 0.001
"""Of the vocabulary, pieces of two letters or more. MiniLM has 90 % Latin ones, 0.03 % Cyrillic."""
_LEAST_CHARACTERS = 2_000
"""Pieces of one, for scripts whose characters are words. MiniLM has 488 Chinese ones."""
_READ_CHARACTERS = 1_000
_TRUST = 0.25
_NEUTRAL = 0.55
"""Where a vector tells little, a quarter of its cosine counts, and this for the rest (decision
0015)."""


def temper(cosines: np.ndarray, *, legible: bool) -> np.ndarray:
    """What cosines to the vector of a text count for: themselves, where a model can read it."""
    return cosines if legible else _TRUST * cosines + (1 - _TRUST) * _NEUTRAL


def is_legible(text: str, *, tokenizer: str) -> bool:
    """Whether half of its letters are of scripts that the vocabulary has words of.

    `tokenizer` is that of the model, as `rag_core.embedding.Embedder` names it; every text is
    legible to a model whose vocabulary is not here. Reads the file once, which takes some 30 ms.
    """
    if text.isascii() or not tokenizer.startswith(_FILE):
        return True
    known = _known_scripts(tokenizer.removeprefix(_FILE))
    scripts = _scripts_of(unicodedata.normalize("NFKC", text[:_READ_CHARACTERS]))
    return known is None or 2 * sum(one in known for one in scripts) >= len(scripts)


@lru_cache(maxsize=4)
def _known_scripts(path: str) -> frozenset[str] | None:
    """The scripts that a vocabulary has words of; None when its pieces are bytes."""
    model = json.loads(Path(path).read_text(encoding="utf-8"))["model"]
    if model.get("type") not in _TYPES:
        return None
    # A dict of pieces and ids, or a list of pieces and their scores.
    pieces = [piece if isinstance(piece, str) else piece[0] for piece in model["vocab"]]
    characters, words = _count_scripts(pieces)
    return frozenset(
        script
        for script in characters | words
        if words[script] >= _LEAST_SHARE * len(pieces) or characters[script] >= _LEAST_CHARACTERS
    )


def _count_scripts(pieces: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """How many pieces each script has: of one character, and of more."""
    characters, words = Counter[str](), Counter[str]()
    for piece in pieces:
        scripts = _scripts_of(piece)
        if scripts and scripts.count(scripts[0]) == len(scripts):
            (words if len(scripts) > 1 else characters)[scripts[0]] += 1
    return characters, words


def _scripts_of(text: str) -> list[str]:
    """The script of each letter, by the first word of its name."""
    return [
        "LATIN" if char.isascii() else unicodedata.name(char, "?").partition(" ")[0]
        for char in text
        if char.isalpha()
    ]
