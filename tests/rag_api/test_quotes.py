import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.quotes import QuotableText
from tests.passages import DOCUMENT, PASSAGES, passage_of


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        (
            "Alan Stevenson built the lighthouse on Skerry Rock.",
            "The lighthouse on Skerry Rock was built in 1844 by Alan Stevenson.",
        ),
        (
            "Stevenson built the lighthouse of Skerry, 48 metres above sea level.",
            PASSAGES[0].text[18:119],
        ),
        ("Bananas are yellow.", PASSAGES[0].text),
        ("", PASSAGES[0].text),
    ],
)
def test_the_best_sentence_or_two_are_quoted_and_else_the_whole(statement: str, quote: str) -> None:
    assert QuotableText(PASSAGES[0]).quote(statement).text == quote


@given(st.text(), st.text())
def test_a_quote_is_always_what_stands_there(before: str, statement: str) -> None:
    document = before + DOCUMENT
    passage = passage_of(len(before) // 2, len(document), document=document)

    quote = QuotableText(passage).quote(f"{statement} light keepers")

    assert document[quote.start : quote.end] == quote.text


def test_an_empty_passage_is_quoted_whole() -> None:
    assert QuotableText(passage_of(3, 3)).quote("anything at all").text == ""
