"""Arabic and Hebrew on a PDF's page: ligatures, and lines with Latin words, in order of reading."""

from __future__ import annotations

import re
from ctypes import c_double

import pypdfium2
import pypdfium2.raw as pdfium

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_GLUED = re.compile(r"(?<=[A-Za-z])(?=[\u0590-\u08ff])")
"""Where a space was lost: what is prefixed to a Latin word stands before it, nothing after."""
_WORD = re.compile(r"\w+")
_TABLE = "|---"
"""As liteparse writes what stands below a header."""
_LEAST_WORDS = 5
_SOUND_SHARE = 0.6
"""Of a page's words, that both readings know."""
_TURNED = re.compile(r"([\u0622\u0623\u0625\u0627])(\u0644)")
"""An alef before a lam: also the article, but of one glyph a lam before an alef, turned around."""


def is_mixed(plain: str, markdown: str) -> bool:
    """Whether a page that runs from right to left has Latin words, and its words are sound in both.

    With Latin words in a line the Markdown mixes its parts up; the plain text does not, but
    turns all words of some files around. It knows no tables: a page with one is left alone.
    """
    right_to_left = len(_RIGHT_TO_LEFT.findall(plain))
    if 2 * right_to_left <= sum(map(str.isalpha, plain)):
        return False
    if _TABLE in markdown or not _LATIN_WORD.search(plain):
        return False
    words = set(_WORD.findall(plain))
    sound = len(words & set(_WORD.findall(markdown)))
    return len(words) >= _LEAST_WORDS and sound > _SOUND_SHARE * len(words)


def read_mixed(plain: str, markdown: str) -> str:
    """The plain text, which keeps the order of words, with the headings that Markdown knows."""
    lines = (line.partition(" ") for line in markdown.split("\n") if line.startswith("#"))
    marks = {_letters(words): f"{mark} " for mark, _, words in lines}
    marked = (marks.get(_letters(line), "") + line.strip() for line in plain.split("\n"))
    return _GLUED.sub(" ", "\n".join(marked))


def find_turned(page: pypdfium2.PdfTextPage) -> dict[str, str]:
    """Words of a page in which a ligature's letters were turned around, each as it is written."""
    text = page.get_text_range()
    if not _TURNED.search(text) or len(text) != page.count_chars():
        return {}

    def turn(pair: re.Match[str]) -> str:
        at = word.start() + pair.start()
        one_glyph = _find_origin(page, at) == _find_origin(page, at + 1)
        return pair[2] + pair[1] if one_glyph else pair[0]

    written: dict[str, set[str]] = {}
    for word in _WORD.finditer(text):
        if _TURNED.search(word[0]):
            written.setdefault(word[0], set()).add(_TURNED.sub(turn, word[0]))
    return {word: forms.pop() for word, forms in written.items() if len(forms) == 1}


def turn_back(text: str, turned: dict[str, str]) -> str:
    """The text with these words as they are written."""
    return _WORD.sub(lambda word: turned.get(word[0], word[0]), text) if turned else text


def _letters(line: str) -> str:
    """What a line has in whichever order."""
    return "".join(sorted(line.replace(" ", "").strip()))


def _find_origin(page: pypdfium2.PdfTextPage, position: int) -> tuple[float, float]:
    x, y = c_double(), c_double()
    pdfium.FPDFText_GetCharOrigin(page, position, x, y)
    return x.value, y.value
