"""Passages of a collection → questions that it can answer, to begin with."""

from __future__ import annotations

from collections.abc import Iterable

from rag_api.events import PassageView

WIDE_QUERY = "overview introduction how to what is"
"""Finds a bit of everything: titles and headings are searched too."""
MOST_EXAMPLES = 4
_SHORTEST, _LONGEST = 4, 60
_ASKING = ("how ", "what ", "why ", "when ", "where ", "who ")


def write_examples(passages: Iterable[PassageView]) -> list[str]:
    """At most one question for each document, from its headings; without headings, its title."""
    questions: dict[str, str] = {}
    for passage in passages:
        question = _write(passage)
        if question and question not in questions.values():
            questions.setdefault(passage.document_id, question)
    return list(questions.values())[:MOST_EXAMPLES]


def _write(passage: PassageView) -> str:
    title = _tidy(passage.title)
    heading = _tidy(passage.heading_path[-1]) if passage.heading_path else ""
    if _is_question(heading):
        return _ask(heading)
    if _fits(heading) and heading != title and _fits(title):
        return f"What does “{title}” say about “{heading}”?"
    return f"What is “{title}” about?" if _fits(title) else ""


def _is_question(heading: str) -> bool:
    return _fits(heading) and (heading.endswith("?") or heading.lower().startswith(_ASKING))


def _ask(heading: str) -> str:
    return heading if heading.endswith("?") else f"{heading}?"


def _fits(text: str) -> bool:
    # With a comma or a code span it is the head of a table, as likely as not.
    plain = not any(sign in text for sign in ",`|{}<>/")
    return _SHORTEST <= len(text) <= _LONGEST and plain and any(sign.isalpha() for sign in text)


def _tidy(text: str) -> str:
    return " ".join(text.split()).rstrip(":.")
