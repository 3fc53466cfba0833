"""Keeps the hashes of vectors that are to be deleted on the disk, should a run be killed first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_HASH_BYTES = 32


def read_notes(path: Path) -> set[bytes]:
    """Read what a run has left to be deleted; half a hash at the end is nobody's."""
    try:
        noted = path.read_bytes()
    except FileNotFoundError:
        return set()
    whole = len(noted) - len(noted) % _HASH_BYTES
    return {noted[start : start + _HASH_BYTES] for start in range(0, whole, _HASH_BYTES)}


def write_notes(path: Path, hashes: Iterable[bytes]) -> None:
    """Note hashes down in place of those of before, which are among them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(b"".join(hashes))
    new.replace(path)
