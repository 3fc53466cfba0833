"""Passages → the names that readers see for them, no two alike.

Frontends know a source by its name: Open WebUI merges those of one name, and its markers would
then lead to the wrong ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag_api.events import PassageView


def name_sources(passages: Sequence[PassageView]) -> Mapping[int, str]:
    """A name for each passage's number: title and page, and the heading where that says too little.

    It is never empty: LobeChat drops a source without a title.
    """
    names: dict[int, str] = {}
    given: set[str] = set()
    for passage in passages:
        name = next(name for name in _suggest(passage) if name not in given)
        names[passage.number] = name
        given.add(name)
    return names


def _suggest(passage: PassageView) -> tuple[str, str, str]:
    name = _on_one_line(passage.title) or _on_one_line(passage.source) or passage.chunk_id
    if passage.page is not None:
        name = f"{name}, page {passage.page}"
    heading = _on_one_line(passage.heading_path[-1]) if passage.heading_path else ""
    precise = f"{name}: {heading}" if heading else name
    # No name before ends like this: the passages' numbers rise.
    return name, precise, f"{precise} ({passage.number})"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
