from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.languages import LANGUAGES, detect_language
from tests.texts import TEXTS


@pytest.mark.parametrize("language", TEXTS)
def test_two_sentences_tell_their_language(language: str) -> None:
    assert detect_language(TEXTS[language]) == language


@pytest.mark.parametrize("language", TEXTS)
def test_capitals_and_a_long_text_tell_it_too(language: str) -> None:
    assert detect_language(f"{TEXTS[language].title()}\n\n" * 200) == language


@pytest.mark.parametrize(
    "text", ["", " \n", "\0", "\ud800", "😀" * 50, "12.5 % | 3", "x" * 100_000, "QUJD" * 5_000]
)
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert detect_language(text) == ""


def test_code_has_none_or_that_of_its_comments() -> None:
    code = "for (let i = 0; i < n; i++) { s[i] = a[i] - o.k; }\n"

    assert detect_language(code * 20) == ""
    assert detect_language(code + "// This is what the sum of the squares was before.") == "en"


def test_a_part_is_of_its_documents_language_unless_it_clearly_is_not() -> None:
    assert detect_language("Das Bild: siehe oben.", likely="en") == "en"
    assert detect_language(TEXTS["de"], likely="en") == "de"
    assert detect_language(TEXTS["ru"], likely="en") == "ru"
    assert detect_language("IPv6", likely="fr") == "fr"


def test_english_names_do_not_make_a_text_english() -> None:
    assert detect_language(f"Python API Reference {TEXTS['zh']}") == "zh"
    assert detect_language(f"Open Source Software: {TEXTS['ja']}") == "ja"


@given(st.text(max_size=300))
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    assert detect_language(text) in LANGUAGES | {""}
