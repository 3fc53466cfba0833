from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from ingest.contents import Contents


def write(path: Path, text: str, *, age: float = 60.0) -> None:
    """Write, and let the last change be so many seconds ago, as far as one may say so."""
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    contents, path = Contents(), tmp_path / "a"
    write(path, "one")
    assert contents.read_hash(str(path)) == sha("one")

    write(path, "two")

    assert contents.read_hash(str(path)) == sha("two")


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    contents, path = Contents(), tmp_path / "a"
    write(path, "one", age=0)

    contents.read_hash(str(path))

    assert contents.seen == {}


def test_a_file_that_is_gone_has_no_hash(tmp_path: Path) -> None:
    assert Contents().read_hash(str(tmp_path / "none")) is None
