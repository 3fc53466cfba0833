"""What a database takes: texts without the characters that it refuses, lists in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

# asyncpg takes 32,767 parameters a statement, SQLite 32,766; this leaves room for others.
BATCH = 1000

# PostgreSQL stores no NUL; neither database stores halves of a surrogate pair.
_REFUSED = re.compile("[\0\ud800-\udfff]")

_Item = TypeVar("_Item")


def storable(text: str) -> str:
    """Put U+FFFD in the place of each character that cannot be stored: offsets stay right."""
    return _REFUSED.sub("\ufffd", text)


def batched(items: Sequence[_Item], size: int = BATCH) -> Iterator[Sequence[_Item]]:
    """Cut into parts of at most this many items, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
