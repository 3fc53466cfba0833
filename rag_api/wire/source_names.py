"""Passages → the names that readers see for them, no two alike.

Frontends know a source by its name: older versions of Open WebUI merge those of one name, and its
markers then lead to the wrong ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count

from rag_api.events import PassageView


def name_sources(passages: Sequence[PassageView]) -> Mapping[int, str]:
    """A name for each passage's number: title and page, and the heading where that says too little.

    It is never empty: LobeChat drops a source without a title.
    """
    short = [_name_shortly(passage) for passage in passages]
    bearers = Counter(short)
    names: dict[int, str] = {}
    for passage, name in zip(passages, short, strict=True):
        fitting = name if bearers[name] == 1 else _add_heading(name, passage)
        names[passage.number] = _make_different(fitting, set(names.values()))
    return names


def _name_shortly(passage: PassageView) -> str:
    name = _on_one_line(passage.title) or _on_one_line(passage.source) or passage.chunk_id
    return name if passage.page is None else f"{name}, page {passage.page}"


def _add_heading(name: str, passage: PassageView) -> str:
    heading = _on_one_line(passage.heading_path[-1]) if passage.heading_path else ""
    return f"{name}: {heading}" if heading else name


def _make_different(name: str, given: set[str]) -> str:
    if name not in given:
        return name
    return next(other for n in count(2) if (other := f"{name} ({n})") not in given)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
