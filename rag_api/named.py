"""What a text is about, as far as its form tells: its named things, or the words that say much."""

from __future__ import annotations

import re

from rag_api.function_words import LANGUAGES, SMALL_TALK, WORD, Language, find_language
from rag_core.sentences import find_sentences

_MARKERS = re.compile(r"\[[\d,; ]+\]|\(?https?://\S+|[*_`#>|]+")
_LONGEST_WORD = 40


def find_names(text: str) -> list[str]:
    """Its named things, each once, in order: words with a capital or a digit inside a sentence.

    German writes all nouns so, which are what a text is about, too.
    """
    plain = _MARKERS.sub(" ", text)
    names = []
    for start, end in find_sentences(plain):
        words = WORD.findall(plain[start:end])
        names += [word for place, word in enumerate(words) if _is_name(word, words, place)]
    return list(dict.fromkeys(names))


def find_content(text: str) -> list[str]:
    """The words that say something alone, each once, in order; all where no language is known."""
    words = [word for word in WORD.findall(_MARKERS.sub(" ", text)) if len(word) <= _LONGEST_WORD]
    language = find_language([word.lower() for word in words])
    return list(dict.fromkeys(word for word in words if not is_little(word, language)))


def is_little(word: str, language: Language | None) -> bool:
    """Whether a word says nothing alone in this language."""
    small = word.lower()
    return small in SMALL_TALK or (language is not None and language.knows(small))


def _is_name(word: str, words: list[str], place: int) -> bool:
    if len(word) > _LONGEST_WORD:
        return False
    if _is_identifier(word):
        return True
    if not word[0].isupper() or _is_known(word.lower()):
        return False
    # Every sentence begins with a capital: it is a name when the next word is one, too.
    following = words[place + 1] if place + 1 < len(words) else ""
    return place > 0 or following[:1].isupper()


def _is_identifier(word: str) -> bool:
    """Whether a digit or a capital stands inside a word, as in `GPT-4` and `getUser`."""
    return any(map(str.isdigit, word)) or word[1:] != word[1:].lower()


def _is_known(word: str) -> bool:
    return any(language.knows(word) for language in LANGUAGES)
