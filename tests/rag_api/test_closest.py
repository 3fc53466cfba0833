from __future__ import annotations

from markdown_it import MarkdownIt

from rag_api.abstention import find_nearest
from rag_api.prompt import Turn
from rag_api.wire.appended import strip_appended
from rag_api.wire.closest import strip_closest, write_closest
from tests.answers import PASSAGES, passage_view

NEAREST = find_nearest(PASSAGES)
LIST = write_closest(NEAREST, PASSAGES)


def test_each_is_a_link_with_its_score() -> None:
    assert LIST.splitlines()[2:5] == [
        "**Closest**",
        "",
        "- [Guide: Start](http://here/v1/sources/d1-0#passage) (0.40)",
    ]
    assert MarkdownIt().render(LIST).count("<a href=") == 3


def test_what_has_nothing_to_do_with_the_question_is_not_shown() -> None:
    far = passage_view(1).model_copy(update={"fused_score": 0.05})

    assert write_closest(find_nearest([far]), [far]) == ""
    assert write_closest((), PASSAGES) == ""


def test_a_list_that_comes_back_is_taken_off() -> None:
    assert strip_closest(f"They do not say.{LIST}\n") == "They do not say."
    assert strip_closest(f"{LIST}\nMore.") == f"{LIST}\nMore."


def test_only_the_assistants_turns_lose_their_lists() -> None:
    sources = "\n\n**Sources**\n\n- [1] [Guide](http://here/v1/sources/d1-0?key=x)"
    turns = [Turn("assistant", f"No.{LIST}"), Turn("assistant", f"A [1].{sources}")]

    assert [turn.content for turn in strip_appended(turns)] == ["No.", "A [1]."]
    assert strip_appended([Turn("user", LIST)]) == (Turn("user", LIST),)
