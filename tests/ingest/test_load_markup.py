from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.blocks import find_blocks
from ingest.load.markup import escape_plain, lower_headings, write_code, write_table

LINES = ["# a", "=====", "---", "```", "~~~", "| a |", "words", "", "## b", "   # c", "#d"]
TEXTS = st.lists(st.sampled_from(LINES)).map("\n".join)


def test_a_table_without_header_has_no_rule() -> None:
    rows = [["a", "b"], ["c", "d"]]

    assert write_table(rows, headed=False) == "| a | b |\n| c | d |"
    assert write_table(rows).count("\n") == 2


@given(st.text("`a\n"))
def test_code_is_one_block_whatever_it_holds(code: str) -> None:
    assert [block.kind for block in find_blocks(write_code(code, "python"), "markdown")] == ["code"]


@given(TEXTS)
def test_plain_words_have_no_marks_of_markdown(text: str) -> None:
    kinds = {block.kind for block in find_blocks(escape_plain(text), "markdown")}

    assert kinds <= {"paragraph"}


@given(TEXTS, st.integers(0, 3))
def test_headings_are_lowered_by_so_many_levels(text: str, levels: int) -> None:
    marked = [line for line in text.split("\n") if line.strip("=-")]
    before = list(find_blocks("\n".join(marked), "markdown"))
    after = list(find_blocks(lower_headings("\n".join(marked), levels), "markdown"))

    assert [block.kind for block in after] == [block.kind for block in before]
    assert all(
        late.level == early.level + levels
        for early, late in zip(before, after, strict=True)
        if early.level
    )


@pytest.mark.parametrize("line", ["###### six", "##### five"])
def test_no_heading_is_lower_than_the_sixth(line: str) -> None:
    assert lower_headings(line, 3).startswith("###### ")
