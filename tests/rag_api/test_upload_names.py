from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.upload_names import clean_name, name_on_disk


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("a.md", "a.md"),
        ("letters/2026/a.md", "letters/2026/a.md"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\me\\a.md", "Users/me/a.md"),
        ("..\\..\\a.md", "a.md"),
        ("a\0b\r\n\x1b[31m.md", "ab[31m.md"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("e\u0301.md", "\u00e9.md"),
        ("  . / .. / a b.md ", "a b.md"),
        (".env", ".env"),
        ("...", ""),
        ("", ""),
        ("\ud800", ""),
    ],
)
def test_a_name_is_cleaned(given_name: str, cleaned: str) -> None:
    assert clean_name(given_name) == cleaned


@given(st.text(max_size=300))
def test_a_cleaned_name_leads_nowhere_and_hides_nothing(given_name: str) -> None:
    name = clean_name(given_name)

    assert "\\" not in name
    assert not name.startswith("/")
    assert all(step.strip(".") for step in name.split("/") if name)
    assert {unicodedata.category(one)[0] for one in name} <= set("LMNPSZ")


@given(st.text(max_size=400))
def test_a_name_on_the_disk_is_short_and_one_step(given_name: str) -> None:
    disk = name_on_disk(clean_name(given_name))

    assert len(disk.encode()) <= 200
    assert "/" not in disk
    assert "\0" not in disk


def test_a_long_name_keeps_its_suffix_on_the_disk() -> None:
    assert name_on_disk(f"folder/{'é' * 300}.pdf").endswith("é.pdf")
