import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.lexical.analysis import (
    TERMS_LANGUAGES,
    name_words,
    query_words,
    terms_language,
    text_terms,
    with_parts,
)
from rag_core.lexical.characters import find_characters
from rag_core.lexical.spelling import spell_american


def terms_of(text: str) -> list[str]:
    return [term for (term,) in query_words(text)]


def meet(language: str, query: str, text: str) -> bool:
    """Whether each word of the query is in the text."""
    terms = {*text_terms(text, language), *find_characters(text)}
    return all(terms & set(word) for word in query_words(query, [terms_language(language)]))


def test_case_and_inflection_do_not_matter() -> None:
    assert terms_of("Running DATABASES") == terms_of("run database")


def test_stop_words_are_no_terms() -> None:
    assert terms_of("What is the and of it?") == []


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        ("getUserName", ["get", "user", "name"]),
        ("max_tokens", ["max", "token"]),
        ("sha256", ["sha", "256"]),
        ("__init__", ["init"]),
        ("HTTPServer", ["http", "server"]),
    ],
)
def test_an_identifier_is_found_whole_and_by_its_parts(identifier: str, parts: list[str]) -> None:
    whole, *rest = terms_of(identifier)

    assert whole.startswith(identifier.lower()[:-1])
    assert rest == parts


def test_acronyms_in_the_plural_are_not_split() -> None:
    assert terms_of("LLMs, PDFs") == ["llms", "pdfs"]


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("colours, coloured, favourite", "colors, colored, favorite"),
        ("organised organisations", "organized organizations"),
        ("realising, analysed, immunise", "realizing, analyzed, immunize"),
        ("centres, litres, 5 kilometres", "centers, liters, 5 kilometers"),
        ("defence, a licence, catalogues", "defense, a license, catalogs"),
        ("haemoglobin, anaemic, paediatric", "hemoglobin, anemic, pediatric"),
        ("oestrogen, foetal, diarrhoea", "estrogen, fetal, diarrhea"),
        ("sulphates of aluminium", "sulfates of aluminum"),
    ],
)
def test_british_and_american_spellings_are_one(british: str, american: str) -> None:
    assert terms_of(british) == terms_of(american)
    assert set(terms_of(british)) == set(text_terms(british, "en"))


@pytest.mark.parametrize(
    "other", ["hour", "four", "paradise", "treatise", "Michael", "shoes", "team"]
)
def test_what_only_looks_british_is_left_as_it_is(other: str) -> None:
    assert spell_american(other) == other


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("TNF-alpha", "TNFα"),
        ("TNF α", "TNF-alpha"),
        ("nf-kappaB", "NF-κB"),
        ("beta cells", "β-cells"),
        ("delta", "Δ"),
    ],
)
def test_greek_letters_are_found_by_their_names(query: str, text: str) -> None:
    shared = {term for word in query_words(query) for term in word} & set(text_terms(text, "en"))

    assert shared & {"alpha", "beta", "delta", "kappa"}


def test_greek_words_are_not_spelled_out() -> None:
    assert with_parts("η γλώσσα, ο λόγος") == "η γλώσσα, ο λόγος"


def test_names_and_figures_are_told_by_how_they_are_written() -> None:
    query = "Which gene near MDA5 on chromosome 2q24, says Nejentsov, raises iPSC counts?"

    assert name_words(query) == set(query_words("MDA5 2q24 Nejentsov iPSC"))
    assert name_words("Water boils") == name_words("") == set()


def test_a_random_identifier_is_not_split() -> None:
    assert len(terms_of("toolu_01A09q90qw90lq917835lq9")) == 1


def test_an_accented_word_is_not_split() -> None:
    assert terms_of("naïveté") == ["naivet"]


@pytest.mark.parametrize(
    ("language", "query", "text"),
    [
        ("de", "Haus", "Die Häuser"),
        ("de", "Haeuser in Muenchen", "Häuser in München"),
        ("de", "hauser strasse", "Häuser, Straßen"),
        ("fr", "eleve", "Les élèves"),
        ("fr", "avocat", "l'avocat"),
        ("es", "cancion", "las canciones, canción"),
        ("pt", "informacao", "Informações e informação"),
        ("it", "citta", "dell'arte e della città"),
        ("sv", "bron", "broarna, bron"),
        ("ro", "carti", "cărți"),
        ("tr", "istanbul ışık isik", "İSTANBUL'DA IŞIK"),
        ("ru", "книги елки", "Книга о ёлках"),
        ("el", "γλωσσα", "Γλώσσες, γλώσσα"),
        ("ar", "كتاب", "الكِتَاب"),
        ("pl", "zolta", "żółta"),
        ("vi", "duong", "đường"),
        ("ru", "database", "Много databases"),
        ("en", "cafe naive", "Café, naïve"),
        ("en", "cafe\u0301", "café"),
        ("", "final", "ﬁnal"),
    ],
)
def test_forms_and_accents_of_a_language_meet(language: str, query: str, text: str) -> None:
    assert meet(language, query, text)


def test_a_words_terms_are_of_their_language() -> None:
    assert text_terms("Die Häuser", "de") == ["de:haus"]
    assert text_terms("The houses", "en") == text_terms("The houses", "") == ["hous"]
    assert query_words("houses", ["", "de"]) == [("hous", "de:hous")]


def test_stop_words_are_those_of_the_language_that_has_most_of_the_query() -> None:
    german = query_words("Wann wurde die Brücke gebaut?", ["", "de"])
    english = query_words("When was the bridge built, and who may die?", ["", "de"])

    assert [word[-1] for word in german] == ["de:bruck", "de:gebaut"]
    assert [word[0] for word in english] == ["bridg", "built", "may", "die"]


def test_english_stop_words_are_left_out_where_no_text_is_english() -> None:
    assert query_words("What is the Rhine?", ["de"]) == [("de:rhin",)]


def test_scripts_without_spaces_give_pairs_of_characters() -> None:
    assert terms_of("東京 タワー") == ["東京", "タワ", "ワー"]
    assert terms_of("데이터베이스") == ["데이", "이터", "터베", "베이", "이스"]
    assert terms_of("猫") == ["猫"]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("中国的首都是哪里", ["中国", "首都"]),
        ("橋の修理費用は", ["橋", "修理", "理費", "費用"]),
        ("한국의 수도는", ["한국", "수도"]),
        ("我可以改变国籍吗", ["改变", "变国", "国籍"]),
        ("有給休暇はいくらですか", ["有給", "給休", "休暇"]),
        ("目的", ["目的"]),
        ("はのを", ["はの", "のを"]),
    ],
)
def test_what_is_asked_has_no_pairs_with_particles(query: str, terms: list[str]) -> None:
    assert terms_of(query) == terms


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("猫", "黒猫は可愛い"),
        ("首都", "中国的首都是北京"),
        ("책", "책을 읽는다"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("ประเทศ", "ประเทศไทย"),
        ("Python入門", "Python入門書"),
    ],
)
def test_a_word_is_found_between_others_without_spaces(query: str, text: str) -> None:
    assert meet("ja", query, text)


def test_encoded_data_is_no_term() -> None:
    assert terms_of("QUJD" * 100) == []


def test_a_term_counts_once() -> None:
    assert terms_of("token tokens Token") == ["token"]


def test_a_query_of_a_megabyte_has_a_bounded_number_of_terms() -> None:
    query = " ".join(f"w{number}" for number in range(150_000))

    assert len(terms_of(query)) == 256


@given(st.text(max_size=200), st.sampled_from(TERMS_LANGUAGES))
def test_any_text_can_be_analysed_in_any_language(text: str, language: str) -> None:
    terms = text_terms(text, language)

    assert all(term.split() == [term] for term in terms)
    assert all(map(all, query_words(text, TERMS_LANGUAGES)))


@given(st.text(max_size=200))
def test_adding_the_parts_keeps_the_text_before_them(text: str) -> None:
    assert with_parts(text).startswith(text)
