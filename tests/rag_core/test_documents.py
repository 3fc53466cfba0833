"""The nouns' small laws."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.documents import (
    chunk_id,
    fits_metadata,
    hash_file,
    hash_text,
    indexed_text,
    new_document_id,
)


def test_document_ids_are_unique_and_of_one_length() -> None:
    ids = [new_document_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert {len(identifier) for identifier in ids} == {24}


def test_a_chunk_id_carries_its_document_and_position() -> None:
    assert chunk_id("abc", 7) == "abc-7"


def test_indexed_text_puts_title_and_headings_above_the_text() -> None:
    assert indexed_text("Guide", ("Setup", "Linux"), "Run it.") == "Guide > Setup > Linux\nRun it."


def test_indexed_text_does_not_say_the_title_twice() -> None:
    assert indexed_text("Guide", ("Guide", "Linux"), "Run it.") == "Guide > Linux\nRun it."


@pytest.mark.parametrize("text", ["# Guide\n\nRun it.", "Guide\nRun it.", "# Guide"])
def test_indexed_text_does_not_repeat_the_title_that_the_text_begins_with(text: str) -> None:
    assert indexed_text("Guide", ("Guide",), text) == text


def test_indexed_text_keeps_the_headings_above_the_one_that_the_text_begins_with() -> None:
    indexed = indexed_text("Guide", ("Guide", "Setup", "Linux"), "### Linux\n\nRun it.")

    assert indexed == "Guide > Setup\n### Linux\n\nRun it."


def test_indexed_text_keeps_a_title_that_only_begins_like_the_text() -> None:
    assert indexed_text("Guide", (), "Guidelines help.") == "Guide\nGuidelines help."


def test_indexed_text_without_title_and_headings_is_the_text() -> None:
    assert indexed_text("", (), "Run it.") == "Run it."


@given(st.text(st.characters()))
def test_every_text_has_a_hash_of_32_bytes(text: str) -> None:
    assert len(hash_text(text)) == 32
    assert hash_text(text) == hash_text(text)


def test_a_lone_surrogate_can_be_hashed() -> None:
    assert hash_text("\ud800") != hash_text("?")


def test_a_file_is_named_by_the_sha_256_of_all_its_bytes(tmp_path: Path) -> None:
    content = os.urandom((1 << 20) + 7)  # more than one piece
    (tmp_path / "file").write_bytes(content)
    assert hash_file(tmp_path / "file") == hashlib.sha256(content).digest()


def test_metadata_fits_when_it_is_just_what_is_wanted_and_always_when_nothing_is() -> None:
    assert fits_metadata({"year": "1999"}, {"year": "1999"})
    assert fits_metadata({"year": "1999"}, None)
    assert not fits_metadata({"year": "1999"}, {})
    assert not fits_metadata({"year": "1999"}, {"year": "1999", "month": "1"})
