from hypothesis import given
from hypothesis import strategies as st

from rag_api.named import find_content, find_names


def test_names_have_a_capital_or_a_digit_inside_the_sentence() -> None:
    text = "Then the Premium plan of Acme came in 2023. It uses getUser and GPT-4."

    assert find_names(text) == ["Premium", "Acme", "2023", "getUser", "GPT-4"]


def test_the_first_word_is_a_name_when_the_next_one_is() -> None:
    assert find_names("Gustave Eiffel built it.") == ["Gustave", "Eiffel"]
    assert find_names("Towers are high.") == []


def test_markers_and_links_are_no_names() -> None:
    assert find_names("It costs **Twelve** euros [1] (https://Example.com/A1).") == ["Twelve"]


def test_content_is_what_says_something_alone() -> None:
    assert find_content("What does the premium plan cost?") == ["premium", "plan", "cost"]
    assert find_content("Was kostet der Tarif?") == ["kostet", "Tarif"]
    assert find_content("Hello there!") == []


@given(st.text())
def test_any_text_has_names_and_content_each_once(text: str) -> None:
    for found in (find_names(text), find_content(text)):
        assert len(set(found)) == len(found)
        assert all(word in text for word in found)
