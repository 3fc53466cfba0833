"""Questions of SQuAD 2 as conversations: what a user asks, is told, and asks next.

Nothing is invented: a follow-up is a question of the set whose entity, which the turn before
names, was replaced by a pronoun or left out; the passage it belongs to stays the one judged.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SPAN = re.compile(r"(?<=\s)[A-Z][\w’'-]+(?:\s+(?:(?:of|the|de)\s+)?[A-Z][\w’'-]+)*")
_SHORTEST_ENTITY = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set."""

    text: str
    answer: str
    passage: str
    """The id of the paragraph that holds the answer."""
    said: str
    """The sentence that holds it: what an assistant would have said."""

    @property
    def article(self) -> str:
        """The title of the article."""
        return self.passage.rpartition("__")[0]

    @property
    def entities(self) -> set[str]:
        """Named things, without the first word."""
        found = {span.removesuffix("'s").removesuffix("’s") for span in _SPAN.findall(self.text)}
        return {entity for entity in found if len(entity) >= _SHORTEST_ENTITY}


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question with the turn before it, and the paragraph that it is to find."""

    kind: str
    before: Asked
    question: str
    whole: str
    """The question as it stood in the set: the best that a rewrite can make of it."""
    passage: str


def read_questions(data: Path) -> list[Asked]:
    """The questions that have an answer."""
    lines = (data / "qa/squad2_dev_half/corpus.jsonl").read_text().splitlines()
    texts = {one["_id"]: one["text"] for one in map(json.loads, lines)}
    questions = []
    for line in (data / "qa/squad2_dev_half/questions.jsonl").read_text().splitlines():
        one = json.loads(line)
        if one["answerable"]:
            place = one["evidence"][0]
            said = _sentence_around(texts[one["doc_id"]], place["start"], place["end"])
            questions.append(Asked(one["question"].strip(), place["text"], one["doc_id"], said))
    return questions


def make_follow_ups(questions: list[Asked], *, most: int) -> list[FollowUp]:
    """At most so many of each kind, the same every time; no question twice in a kind."""
    order = random.Random(5)  # noqa: S311 - no secret
    shuffled = order.sample(questions, len(questions))
    by_article: dict[str, list[Asked]] = {}
    for asked in shuffled:
        by_article.setdefault(asked.article, []).append(asked)
    kept: dict[str, dict[str, FollowUp]] = {}
    for asked in shuffled:
        others = [other for other in by_article[asked.article] if other is not asked]
        stranger = next(one for one in order.sample(shuffled, 20) if one.article != asked.article)
        for found in (*_pair(asked, others), FollowUp("switch", stranger, *_whole(asked))):
            kind = kept.setdefault(found.kind, {})
            if len(kind) < most:
                kind.setdefault(asked.text, found)
    return [one for kind in kept.values() for one in kind.values()]


def _whole(asked: Asked) -> tuple[str, str, str]:
    return asked.text, asked.text, asked.passage


def _pair(asked: Asked, others: list[Asked]) -> Iterator[FollowUp]:
    for other in others:
        near = other.passage == asked.passage
        if not near:
            yield FollowUp("alone", other, *_whole(asked))
        if other.answer in asked.entities and other.answer not in other.text:
            question = _replace(asked.text, other.answer)
            kind = "told" if near else "told elsewhere"
            yield FollowUp(kind, other, question, asked.text, asked.passage)
        shared = sorted(asked.entities & other.entities, key=len)
        if not shared:
            continue
        question = _replace(asked.text, shared[-1])
        kind = "pronoun" if near else "elsewhere"
        yield FollowUp(kind, other, question, asked.text, asked.passage)
        if near:
            dropped = _drop(asked.text, shared[-1])
            yield FollowUp("ellipsis", other, dropped, asked.text, asked.passage)


def _replace(text: str, entity: str) -> str:
    pronoun, own = ("they", "their") if entity.endswith("s") else ("it", "its")
    name = re.escape(entity)
    text = re.sub(rf"(?:\b[Tt]he )?{name}[’']s?\b", own, text)
    return re.sub(rf"(?:\b[Tt]he )?{name}\b", pronoun, text)


def _drop(text: str, entity: str) -> str:
    name = re.escape(entity)
    before = r"(?:\b(?:of|in|for|by|to|from|at|on|with)\s+)?(?:\b[Tt]he\s+)?"
    return " ".join(re.sub(rf"{before}\b{name}(?:[’']s)?\b", "", text).replace(" ?", "?").split())


def _sentence_around(text: str, start: int, end: int) -> str:
    first = text.rfind(". ", 0, start)
    last = text.find(". ", end)
    return text[first + 2 if first >= 0 else 0 : last + 1 if last >= 0 else len(text)]
