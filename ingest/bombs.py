"""What tells a bomb from a file that packs well, for archives and for documents that are zips."""

from __future__ import annotations

_LARGEST_RATIO = 200
"""Unpacked to packed; real files peak at 23."""
_MATTERS_ABOVE = 1 << 20


def is_bomb(*, packed: int, unpacked: int) -> bool:
    """Whether so many bytes do not come out of so many by honest means."""
    return unpacked > max(_MATTERS_ABOVE, _LARGEST_RATIO * packed)
