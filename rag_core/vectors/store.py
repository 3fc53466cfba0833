"""Chroma's folder while no server runs on it: is it whole, what is left over, out of the way."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

_FILE = "chroma.sqlite3"


def is_damaged(data: Path) -> bool:
    """Whether Chroma's database is there and SQLite finds it broken."""
    if not (data / _FILE).is_file():
        return False
    try:
        with closing(sqlite3.connect(data / _FILE)) as database:
            return database.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]
    except sqlite3.DatabaseError as error:
        return not isinstance(error, sqlite3.OperationalError)


def remove_leftovers(data: Path) -> int:
    """Remove the folders of dropped collections, which Chroma leaves; returns how many."""
    if not (data / _FILE).is_file():
        return 0
    try:
        with closing(sqlite3.connect(data / _FILE)) as database:
            known = {row[0] for row in database.execute("SELECT id FROM segments")}
    except sqlite3.Error:
        return 0
    leftovers = [path for path in data.iterdir() if _is_segment(path) and path.name not in known]
    for folder in leftovers:
        shutil.rmtree(folder, ignore_errors=True)
    return len(leftovers)


def move_aside(data: Path) -> Path | None:
    """Rename the folder by the time, to be kept; returns its new place, None without a folder."""
    if not data.exists():
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = data.with_name(f"{data.name}.broken-{stamp}-{time.time_ns() % 1_000_000:06}")
    return data.rename(aside)


def find_aside(data: Path) -> list[Path]:
    """Where the folders lie that were moved aside, oldest first."""
    return sorted(data.parent.glob(f"{data.name}.broken-*"))


def _is_segment(path: Path) -> bool:
    try:
        return path.is_dir() and str(UUID(path.name)) == path.name
    except ValueError:
        return False
