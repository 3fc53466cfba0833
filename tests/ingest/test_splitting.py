from __future__ import annotations

from ingest.splitting import NO_WISH, Wish
from rag_core.documents import Splitting


def test_what_is_not_asked_for_stays() -> None:
    assert Wish(overlap_tokens=16).over(Splitting(128, 8, "pages")) == Splitting(128, 16, "pages")
    assert NO_WISH.over(Splitting(64)) == Splitting(64)


def test_an_overlap_of_nothing_is_a_wish() -> None:
    assert Wish(overlap_tokens=0).over(Splitting(128, 8)) == Splitting(128, 0)


def test_a_wish_is_said_as_on_the_command_line() -> None:
    assert Wish(128, None, "pages").words() == "--chunk-tokens 128 --strategy pages"
    assert NO_WISH.words() == ""
