from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.sentences import find_sentences
from tests.texts import TEXTS

MARKDOWN = st.lists(
    st.sampled_from(
        [
            "a b",
            "End.",
            "Dr. No",
            "\n",
            "\n\n",
            " ",
            "# ",
            "- ",
            "```",
            "|",
            "---",
            "。",
            "> ",
            "é?",
        ]
    )
).map("".join)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in find_sentences(text)]


def test_full_stops_questions_and_exclamations_end_sentences() -> None:
    text = "It works. Does it? It does! “Really.” He nodded… Then he left"

    found = sentences(text)

    assert found == ["It works.", "Does it?", "It does!", "“Really.”", "He nodded…", "Then he left"]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met Mr. J. R. Jones.",
        "Pi is 3.14 and e.g. Euler knew it.",
        "See Fig. 3 and pp. 7 on No. 5.",
        "Version 1.2.3 came on Jan. 5 in the U.S. Senate.",
        "“Why?” he asked. and so on",
        "Call foo.bar() of www.example.org now.",
        "Wait... what is it",
    ],
)
def test_abbreviations_and_decimals_end_no_sentence(text: str) -> None:
    found = sentences(text)

    assert found == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Am 3. Oktober 1990 begann z. B. im 20. Jahrhundert der 2. Weltkrieg.",
        "Das kostet 5 Mio. Euro bzw. ca. 3 Mrd. Dollar, vgl. Abb. 3 und Nr. 7.",
        "Mme. Curie et M. Dupont.",
        "El Sr. García y la Sra. López, pág. 3.",
        "Около 5 млн. Рублей получил проф. Иванов.",
    ],
)
def test_abbreviations_and_ordinals_of_other_languages_end_none(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize("language", [one for one in TEXTS if one != "th"])
def test_two_sentences_of_any_language_are_two(language: str) -> None:
    assert len(sentences(TEXTS[language])) == 2


def test_a_number_or_a_plain_no_may_end_a_sentence() -> None:
    text = "It began in 2019. He said no. We met at 5 p.m. So did I. Good."

    found = sentences(text)

    assert found == ["It began in 2019.", "He said no.", "We met at 5 p.m.", "So did I.", "Good."]


def test_cjk_full_stops_need_no_space() -> None:
    found = sentences("今日は。元気ですか？「はい。」そう")

    assert found == ["今日は。", "元気ですか？", "「はい。」", "そう"]


def test_other_scripts_have_their_own_full_stops() -> None:
    found = sentences("यह है। वह है। كيف الحال؟ بخير.")

    assert found == ["यह है।", "वह है।", "كيف الحال؟", "بخير."]


def test_wrapped_lines_are_one_sentence_and_blank_lines_end_it() -> None:
    found = sentences("One sentence\nover two lines\n\nAnother paragraph\n")

    assert found == ["One sentence\nover two lines", "Another paragraph"]


def test_list_items_are_sentences_without_their_marks() -> None:
    found = sentences("Buy:\n- milk\n  and cream\n* bread. Fresh.\n1. eggs\n(a) tea\n")

    assert found == ["Buy:", "milk\n  and cream", "bread.", "Fresh.", "eggs", "tea"]


def test_headings_quotes_and_rules_lose_their_marks() -> None:
    found = sentences("## A title. With two\nText\n---\n> quoted\n\nSetext\n======\n")

    assert found == ["A title.", "With two", "Text", "quoted", "Setext"]


def test_table_rows_are_units_and_their_rule_is_left_out() -> None:
    found = sentences("| a | b |\n|---|:-:|\n| 1 | 2 |")

    assert found == ["| a | b |", "| 1 | 2 |"]


def test_each_line_of_fenced_code_is_one_unit() -> None:
    found = sentences("Run:\n```python\n# not a title\nx = 1\n~~~\n```\nDone.")

    assert found == ["Run:", "# not a title", "x = 1", "~~~", "Done."]


def test_lines_of_code_outside_a_fence_are_units() -> None:
    found = sentences("int main() {\n  f();\n  g();\n}\n")

    assert found == ["int main() {", "f();", "g();", "}"]


def test_an_empty_text_has_no_sentences() -> None:
    assert sentences("") == sentences(" \n\n ") == []


@given(st.one_of(st.text(), MARKDOWN))
def test_sentences_are_ordered_apart_and_bare(text: str) -> None:
    spans = find_sentences(text)

    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(start < end <= len(text) for start, end in spans)
    assert all(piece == piece.strip() for piece in sentences(text))


@given(st.one_of(st.text(), MARKDOWN))
def test_what_is_outside_all_sentences_holds_no_words(text: str) -> None:
    inside = {place for start, end in find_sentences(text) for place in range(start, end)}

    outside = "".join("" if place in inside else text[place] for place in range(len(text)))

    unfenced = "```" not in text and "~~~" not in text
    assert not (unfenced and any(letter.isalpha() for letter in outside.replace("a)", "")))
