"""Tells a person of many files: each with its reason while they are few, or else by reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

_FEW = 20
_EXAMPLES = 3
_GROUPS = 10
_OWN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+(?:[.,]\d+)*")
"""What differs between files that have the same reason: names and numbers."""


def tell_each(what: str, files: Sequence[tuple[str, str]]) -> list[str]:
    """Lines for these sources and their reasons, such as `failed: /a.pdf: it holds no text`."""
    if len(files) <= _FEW:
        return [f"{what}: {source}: {reason}" for source, reason in files]
    groups = group_by_reason(files)
    lines = [
        f"{what}: {_count(sources)}: {reason} (such as {', '.join(sources[:_EXAMPLES])})"
        for reason, sources in groups[:_GROUPS]
    ]
    left = sum(len(sources) for _, sources in groups[_GROUPS:])
    if left:
        lines.append(f"{what}: {left:,} files for {len(groups) - _GROUPS:,} other reasons")
    lines.append("each of them: in the log, with --json, or with --report FILE")
    return lines


def group_by_reason(files: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """The sources of each reason, the most frequent first; names and numbers in it are left out."""
    groups: dict[str, list[str]] = defaultdict(list)
    for source, reason in files:
        groups[_OWN.sub("…", reason)].append(source)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _count(sources: Sequence[str]) -> str:
    return "1 file" if len(sources) == 1 else f"{len(sources):,} files"
