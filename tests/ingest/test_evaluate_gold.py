from __future__ import annotations

import pytest

from ingest.evaluate.dataset import ExpectedPassage, Question
from ingest.evaluate.gold import (
    normalise,
    score_citations,
    score_contained,
    score_exact,
    score_f1,
    strip_markers,
)
from tests.ingest.evaluate_support import RIVERS, view

QUOTE = "It ends in the North Sea."
START = RIVERS["rhine"].index(QUOTE)


def test_texts_are_compared_as_squad_does() -> None:
    assert normalise("The  Rhine, a river!") == "rhine river"


@pytest.mark.parametrize(
    ("said", "exact", "f1", "contained"),
    [
        ("Cologne [1]", 1.0, 1.0, 1.0),
        ("the city of Cologne.", 0.0, 0.5, 1.0),
        ("Basel", 0.0, 0.0, 0.0),
        ("", 0.0, 0.0, 0.0),
    ],
)
def test_an_answer_is_held_to_the_closest_right_one(
    said: str, exact: float, f1: float, contained: float
) -> None:
    right = ["Dresden", "Cologne"]

    assert score_exact(said, right) == exact
    assert score_f1(said, right) == pytest.approx(f1)
    assert score_contained(said, right) == contained


@pytest.mark.parametrize("marker", ["[1]", "[1, 2]", "[1; 2]", "[1-3]", "[12][3]"])
def test_markers_are_no_words(marker: str) -> None:
    assert strip_markers(f"So it is {marker}.") == "So it is."


def test_citations_are_held_to_documents() -> None:
    cited = view("x [1]", quotes=[(QUOTE, 2), (QUOTE, 2)]).citations
    question = Question("q", "?", "here:1", {"rhine": 1, "elbe": 1})

    assert score_citations(question, cited) == (1.0, 0.5)
    assert score_citations(question, ()) == (0.0, 0.0)


def test_citations_are_held_to_passages_where_they_are_known() -> None:
    cited = view("x [1]", quotes=[(QUOTE, 2), ("Basel and Cologne", 2)]).citations
    there = ExpectedPassage("rhine", (), START + 3, START + 9)
    text = ExpectedPassage(None, ("the NORTH sea",))
    other = ExpectedPassage("elbe", (), START + 3, START + 9)

    def score(*expected: ExpectedPassage) -> tuple[float, float]:
        return score_citations(Question("q", "?", "here:1", {"rhine": 1}, expected), cited)

    assert score(there) == (0.5, 1.0)
    assert score(text) == (0.5, 1.0)
    assert score(other) == (0.0, 0.0)
    assert score(there, other) == (0.5, 0.5)
