"""A question and the turns before it → whether it needs them, and what it asks in whole words.

Without a chat model nothing is made up: the question stays as it is, and the names of the turns
before are put in front of it. Several such queries are searched, and their scores averaged.
Measured on 700 follow-ups made of SQuAD 2 (`benchmarks/follow_ups.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rag_api.function_words import (
    ENGLISH,
    LITTLE_WORD,
    UNSPACED,
    WORD,
    Language,
    find_language,
    is_small_talk,
    points_without_spaces,
)
from rag_api.named import find_content, find_names, is_little
from rag_api.openings import drop_announcement, drop_correction, goes_on, is_fragment
from rag_api.prompt import Turn

_FEW_WORDS = 4
"""That say something; a question with so few, and no name among them, may lack its subject."""
_FEW_UNCASED = 2
_FEW_UNSPACED = 8
"""Characters, where there are no spaces."""
_LONGEST_QUESTION = 400
"""Characters; whoever writes more says what is meant."""
_MOST_TURNS_BACK = 3
"""Of the user's: "and its price?" after "and the other one?" leads two turns back."""
_FEW_BESIDE_NAMES = 1
_MOST_NAMES = 8
_MOST_CHARACTERS = 300
"""Of what is carried over: the embedding model reads 256 word pieces."""
_READ_CHARACTERS = 4_000
"""Of a turn; names stand at its beginning."""

# fmt: off
_BEHIND_THAT = frozenset(("", "to", "into", "again", "as"))
_BEFORE_THAT = frozenset((
    "of", "for", "about", "is", "does", "did", "was", "in", "like", "with", "from", "to", "at",
    "by", "on", "why", "how", "after", "before",
))
_BE = frozenset(("is", "are", "was", "were", "will", "would"))
_BEFORE_ONE = frozenset((
    "the", "which", "that", "this", "other", "first", "second", "third", "last", "cheaper", "next",
))
# fmt: on


def needs_history(question: str) -> bool:
    """Whether a question seems to leave out what the turns before have named."""
    question = question.strip()
    if _is_small_talk(question) or len(question) > _LONGEST_QUESTION:
        return False
    if drop_correction(question) != question or is_fragment(question):
        return True
    asked = drop_announcement(question)
    if points_without_spaces(asked) or _points_back(asked):
        return True
    return asked == question and _says_little(question)


def carry_over(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    """What to search for a question that needs its history, the fullest first.

    The names of the user's turns before the question, the question alone, and the names of the
    last answer before it: "when was he born?" may mean who was asked about, or who was told of.
    """
    asked = _carried_from_user(history, whole=_asks_nothing(question))
    told = _names_told(history)
    queries = [_join(asked, question), question, _join(told, question)]
    return tuple(dict.fromkeys(queries))


def _is_small_talk(text: str) -> bool:
    return is_small_talk(WORD.findall(text[:_LONGEST_QUESTION].lower()))


def _points_back(question: str) -> bool:
    """Whether a word stands for something that is named nowhere before it in the question."""
    words = LITTLE_WORD.findall(question)
    lowered = [word.lower() for word in words]
    language = find_language(lowered)
    if language is None or not words:
        return False
    if lowered[0] in language.opening or goes_on(question):
        return True
    unnamed = takewhile(lambda place: not _names(words, place, language), range(len(words)))
    return any(_points(words, place, language) for place in unnamed)


def _names(words: list[str], place: int, language: Language) -> bool:
    """Whether a name stands there, which what comes behind it may mean."""
    return place > 0 and words[place][0].isupper() and not is_little(words[place], language)


def _points(words: list[str], place: int, language: Language) -> bool:
    if place > 0 and words[place][0].isupper():
        return False  # "Sie", in a letter
    if language is ENGLISH and _points_by_its_place(words, place):
        return True
    return words[place].lower() in language.pointing


def _points_by_its_place(words: list[str], place: int) -> bool:
    """Whether "that", "there", "one" or "else" points back; mostly they do not."""
    word = words[place].lower()
    before = words[place - 1].lower() if place else ""
    after = words[place + 1].lower() if place + 1 < len(words) else ""
    if word == "that":
        return before in _BEFORE_THAT or after in _BEHIND_THAT
    if word == "there":
        return not {before, after} & _BE
    if word in ("one", "ones"):
        return before in _BEFORE_ONE and after != "of"
    return word == "else"


def _says_little(question: str) -> bool:
    if UNSPACED.search(question):
        return len(question) <= _FEW_UNSPACED
    content = find_content(question)
    if len(content) <= 1:
        return True  # a German noun looks like a name
    # Korean, for one, has no capitals that tell a name.
    few = _FEW_UNCASED if question.lower() == question.upper() else _FEW_WORDS
    return len(content) <= few and not find_names(question)


def _asks_nothing(question: str) -> bool:
    """Whether it names something and no more, so that the turn before says what is asked of it."""
    names = find_names(question)
    said = find_content(drop_correction(question))
    return bool(names) and len(set(said) - set(names)) <= _FEW_BESIDE_NAMES


def _carried_from_user(history: Sequence[Turn], *, whole: bool) -> list[str]:
    """Names of the last of the user's turns, or its content; further back while it lacks them.

    `whole` carries all that the last of them says.
    """
    said = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    turns = [text for text in said if not _is_small_talk(text)]
    carried: list[str] = []
    for turn in reversed(turns[-_MOST_TURNS_BACK:]):
        text = turn[:_READ_CHARACTERS]
        names = [] if whole else find_names(text)
        carried += (names or find_content(drop_correction(text)))[:_MOST_NAMES]
        if not needs_history(turn):
            break
    return carried


def _names_told(history: Sequence[Turn]) -> list[str]:
    if not history or history[-1].role != "assistant":
        return []
    return find_names(history[-1].content[:_READ_CHARACTERS])[:_MOST_NAMES]


def _join(carried: Sequence[str], question: str) -> str:
    """The names that the question does not have, before it, on one line."""
    present = {word.lower() for word in WORD.findall(question)}
    lacking = dict.fromkeys(word for word in carried if word.lower() not in present)
    names = " ".join(lacking)[:_MOST_CHARACTERS].strip()
    return f"{names}: {question}" if names else question
