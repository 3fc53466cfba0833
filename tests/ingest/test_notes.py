from __future__ import annotations

from pathlib import Path

from ingest.notes import read_notes, write_notes
from rag_core.documents import hash_text

HASHES = {hash_text("one"), hash_text("two")}


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    assert read_notes(tmp_path / "deep" / "1.hashes") == set()

    write_notes(tmp_path / "deep" / "1.hashes", HASHES)

    assert read_notes(tmp_path / "deep" / "1.hashes") == HASHES


def test_half_a_hash_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "1.hashes").write_bytes(b"".join(HASHES) + b"half")

    assert read_notes(tmp_path / "1.hashes") == HASHES
