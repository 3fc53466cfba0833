import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.lexical.analysis import make_analyser, query_terms, with_parts


def terms_of(text: str) -> list[str]:
    return query_terms(make_analyser(), text)


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


def test_a_random_identifier_is_not_split() -> None:
    assert len(terms_of("toolu_01A09q90qw90lq917835lq9")) == 1


def test_an_accented_word_is_not_split() -> None:
    assert terms_of("naïveté") == ["naïveté"]


def test_scripts_without_spaces_give_a_term_a_character() -> None:
    assert terms_of("東京 タワー") == ["東", "京", "タ", "ワ", "ー"]


def test_encoded_data_is_no_term() -> None:
    assert terms_of("QUJD" * 100) == []


def test_a_term_counts_once() -> None:
    assert terms_of("token tokens Token") == ["token"]


def test_a_query_of_a_megabyte_has_a_bounded_number_of_terms() -> None:
    query = " ".join(f"w{number}" for number in range(150_000))

    assert len(terms_of(query)) == 256


@given(st.text(max_size=200))
def test_any_text_can_be_analysed(text: str) -> None:
    assert all(terms_of(text))


@given(st.text(max_size=200))
def test_adding_the_parts_keeps_the_text_before_them(text: str) -> None:
    assert with_parts(text).startswith(text)
