"""The characters of a text, made alike where writers differ, and in pairs where no spaces stand."""

from __future__ import annotations

import re
from itertools import pairwise
from unicodedata import normalize

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HANGUL = "\uac00-\ud7a3"
_KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_SOUTHEAST_ASIAN = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17d3"
_UNSPACED = re.compile(f"[{_HAN}{_HANGUL}{_KANA}{_SOUTHEAST_ASIAN}]+")
_ALONE = re.compile(f"[{_HAN}{_HANGUL}]")
"""Characters that are words by themselves."""
_PARTICLE = re.compile(
    "什么|哪[里个些]|多少|怎么|为什么|如何|可以|是否|能否|有没有|应该|时候|[我你他]们"
    "|[でま]すか|でしょうか|ください|どこ|いつ|なぜ|どの|いくら"
    "|[的了是吗呢吧谁誰哪我你您与はのをにがでともへやか]"
    f"|(?<=[{_HANGUL}]{{2}})(?:에서|에게|으로|부터|까지|[은는이가을를의에도로와과])(?![{_HANGUL}])"
)
"""Stands between words of Chinese and Japanese, or ends one of Korean."""
_PAIR = 2

_GREEK_LETTERS = "αβγδεζθικλνξπρστυφχψω"
"""But for η and ο, which are articles in Greek, and μ, which stands before units."""
_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta theta iota kappa lambda nu xi pi rho sigma tau upsilon phi
    chi psi omega
"""
_GREEK = dict(zip(_GREEK_LETTERS, _GREEK_NAMES.split(), strict=True))
_GREEK_LETTER = re.compile(f"(?<![α-ωά-ώ])[{_GREEK_LETTERS}](?![α-ωά-ώ])")
"""By itself or in a word of another script."""

# "Haeuser", "haus" and "Häuser" have one stem, as in Lucene's normalisation of German.
_WRITTEN_OUT_UMLAUT = re.compile("([ao])e|(?<![aeiouqäöü])(u)e", re.IGNORECASE)


def compose(text: str) -> str:
    """Letters and their accents as one character each, as nearly all texts have them."""
    return text if text.isascii() else normalize("NFC", text)


def make_alike(text: str, language: str) -> str:
    """What the writers of a language write in two ways, in one."""
    if language == "de":
        return _WRITTEN_OUT_UMLAUT.sub(r"\1\2", text)
    if language == "tr":
        return text.replace("İ", "i").replace("i\u0307", "i").replace("I", "ı")
    if language == "ru":
        return text.replace("ё", "е").replace("Ё", "Е")
    return text


def name_greek_letters(word: str) -> tuple[str, ...]:
    """`TNFβ` as `tnf` and `beta`; nothing for a word without such letters."""
    lower = word.lower()
    named = _GREEK_LETTER.sub(lambda letter: f" {_GREEK[letter[0]]} ", lower)
    return () if named == lower else tuple(part for part in named.split() if len(part) > 1)


def in_pairs(text: str, *, asked: bool = False) -> str:
    """Put each two neighbours of a script without spaces, and of Korean, as a word of their own.

    Of what is asked, only the pairs that no particle is in, for a pair across two words is seldom
    in a text, and characters that stand alone.
    """
    if text.isascii():
        return text
    cut = _cut_asked if asked else _pairs
    return _UNSPACED.sub(lambda run: f" {' '.join(cut(normalize('NFKC', run[0])))} ", text)


def find_characters(text: str) -> list[str]:
    """The characters, each once, that can be words by themselves."""
    return [] if text.isascii() else list(dict.fromkeys(_ALONE.findall(text)))


def is_character(word: str) -> bool:
    """Whether this is one of those."""
    return len(word) == 1 and _ALONE.match(word) is not None


def _cut_asked(run: str) -> list[str]:
    parts = _PARTICLE.split(run) if len(run) > _PAIR else [run]
    cut = [pair for part in parts for pair in (_pairs(part) or _ALONE.findall(part))]
    return cut or _pairs(run)


def _pairs(run: str) -> list[str]:
    return list(map("".join, pairwise(run)))
