"""One index with texts of many languages, asked in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag_core.languages import detect_language
from rag_core.lexical.folder import Reached
from rag_core.lexical.reader import Reader
from rag_core.lexical.writer import IndexedChunk, Writer
from tests.texts import QUERIES, TEXTS

OTHERS = {
    "en": "Whales are mammals that live in the sea, and they breathe air.",
    "de": "Wale sind Säugetiere, die im Meer leben und Luft atmen.",
    "fr": "Les baleines sont des mammifères qui vivent dans la mer.",
    "zh": "鲸鱼是生活在海洋中的哺乳动物，它们呼吸空气。",
}
WORDS = " ".join([*QUERIES.values(), *TEXTS.values()]).split()


def write(folder: Path, texts: Mapping[str, str]) -> Reader:
    writer = Writer(folder)
    for name, text in texts.items():
        writer.add([IndexedChunk(name, name, text, detect_language(text))])
    writer.commit(Reached(1, "last"))
    writer.close()
    return Reader(folder)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    others = {f"whales {language}": text for language, text in OTHERS.items()}
    return write(tmp_path_factory.mktemp("mixed"), {**TEXTS, **others})


@pytest.mark.parametrize("language", TEXTS)
def test_a_query_finds_the_text_of_its_language_among_all(mixed: Reader, language: str) -> None:
    matches = mixed.search(QUERIES[language], 3)

    assert matches.best[0][0] == language
    assert matches.best[0][1] > 0.15 * matches.ceiling


@pytest.mark.parametrize("language", TEXTS)
def test_a_query_finds_the_only_text_of_a_collection(tmp_path: Path, language: str) -> None:
    reader = write(tmp_path / "one", {language: TEXTS[language]})

    assert [name for name, _ in reader.search(QUERIES[language], 3).best] == [language]


def test_a_name_is_found_in_all_languages_and_worth_the_same(tmp_path: Path) -> None:
    texts = {
        "en": "The house of Einstein is in the old town.",
        "de": "Das Haus von Einstein ist in der Altstadt.",
        "fr": "La maison de Einstein est dans la vieille ville.",
    }

    matches = write(tmp_path / "index", texts).search("Einstein", 10)

    scores = [score for _, score in matches.best]
    assert {name for name, _ in matches.best} == set(texts)
    assert max(scores) < 1.3 * min(scores)


def test_a_query_in_another_language_than_the_texts_finds_nothing_or_names(tmp_path: Path) -> None:
    reader = write(tmp_path / "index", {"de": TEXTS["de"]})

    assert reader.search("who opened it?", 3).best == []
    assert reader.search("橋の修理", 3).best == []
    assert reader.search("What happened in 1998?", 3).best != []


def test_a_document_in_two_languages_is_found_by_both(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "index")
    for name in ("en", "de"):
        language = detect_language(TEXTS[name], likely="en")
        writer.add([IndexedChunk("both", name, TEXTS[name], language)])
    writer.commit(Reached(1, "last"))
    writer.close()
    reader = Reader(tmp_path / "index")

    assert reader.search("Brücken und Flüsse", 1).best[0][0] == "de"
    assert reader.search("bridges and rivers", 1).best[0][0] == "en"


def test_a_text_whose_language_is_taken_for_another_is_found_by_its_words(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "index")
    writer.add([IndexedChunk("no", "no", "Den nye broen over elven ble åpnet.", "da")])
    writer.commit(Reached(1, "last"))
    writer.close()

    assert Reader(tmp_path / "index").search("broen over elven", 1).best != []


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_score_passes_the_ceiling_and_all_are_exact(mixed: Reader, words: list[str]) -> None:
    matches = mixed.search(" ".join(words), 40)
    found = dict(matches.best)

    assert all(score <= matches.ceiling for score in found.values())
    assert matches.scores(list(found)) == pytest.approx(found)
