"""Where uploaded files lie until their job has ended: RAG_HOME/uploads/JOB/NUMBER/NAME."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from pathlib import Path

_UPLOADS = "uploads"
_PART = ".part"


def upload_folder(home: Path, job_id: str) -> Path:
    """The folder of a job's files."""
    return home / _UPLOADS / job_id


def part_folder(home: Path, job_id: str) -> Path:
    """The folder of files that are still on their way; renamed when all of them are there."""
    return home / _UPLOADS / f"{job_id}{_PART}"


def numbered(folder: Path, number: int, name: str) -> Path:
    """The file with this number, from 0; it has a folder of its own, so names may be the same."""
    return folder / str(number) / name


def discard_uploads(home: Path, job_id: str) -> None:
    """Delete a job's files; what cannot be deleted is swept later."""
    shutil.rmtree(upload_folder(home, job_id), ignore_errors=True)


def sweep_uploads(home: Path, active: Collection[str], *, age_seconds: float) -> int:
    """Delete the files of so long ago that belong to no active job; returns of how many jobs."""
    swept = 0
    for folder in (home / _UPLOADS).glob("*"):
        try:
            is_old = folder.stat().st_mtime < time.time() - age_seconds
        except FileNotFoundError:  # another worker sweeps too
            continue
        if is_old and folder.name not in active:
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
