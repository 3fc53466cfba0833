from __future__ import annotations

from rag_api.wire.shown_text import RESTART_TEXT, ShownText
from tests.answers import CITED


def test_a_citation_keeps_its_place_when_nothing_was_void() -> None:
    shown = ShownText()
    shown.add("It is [1]")

    shown.cite(CITED.citation)

    assert shown.citations == [CITED.citation]


def test_after_a_restart_a_citation_points_behind_the_void_text() -> None:
    shown, whole = ShownText(), "It 🚀"
    shown.add(whole)
    announced = shown.restart()
    whole += announced + "It [1] is"
    shown.add(announced)

    shown.cite(CITED.citation)
    (placed,) = shown.citations

    assert announced == RESTART_TEXT
    assert whole[placed.answer_start : placed.answer_end] == "[1]"
