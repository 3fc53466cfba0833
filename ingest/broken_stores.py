"""Stores of Chroma that could not be opened and were moved aside: counted, or deleted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from rag_core.vectors.place import place_in
from rag_core.vectors.store import find_aside


@dataclass(frozen=True, slots=True)
class BrokenStore:
    """A store of Chroma that could not be opened and was moved aside."""

    path: str
    size_bytes: int
    deleted: bool


def clear_broken_stores(home: Path, *, delete: bool) -> list[BrokenStore]:
    """List them, and delete them if that is wanted."""
    found = []
    for folder in find_aside(place_in(home).data):
        files = [path for path in folder.rglob("*") if path.is_file()]
        size_bytes = sum(path.stat().st_size for path in files)
        if delete:
            shutil.rmtree(folder, ignore_errors=True)
        found.append(BrokenStore(str(folder), size_bytes, not folder.exists()))
    return found
