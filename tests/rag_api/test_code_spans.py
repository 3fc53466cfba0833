import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.code_spans import CodeSpans

TEXT = st.lists(st.sampled_from(["`", "```", "~~~", "\n", " ", ">", "word"]), max_size=20)


def plain(text: str) -> str:
    spans = CodeSpans()
    return "".join(char for char in text if not spans.holds(char))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a `b` c", "a  c"),
        ("a ``b ` c`` d", "a  d"),
        ("~b~", "b"),
        ("`a\nb` c", " c"),
        ("`open\n\nnext", "\nnext"),
        ("```py\ncode\n```\nafter", "\nafter"),
        ("~~~\n```\n~~~~\nafter", "\nafter"),
        ("```\ntext ```\n```\nafter", "\nafter"),
        ("````\n```\n````\nafter", "\nafter"),
        ("text ```inline``` after", "text  after"),
        ("> ```\n> code\n> ```\nafter", "> \nafter"),
    ],
)
def test_what_stands_in_code_is_told_from_what_does_not(text: str, left: str) -> None:
    assert plain(text) == left


@given(parts=TEXT, words=st.text("word \n>", max_size=10))
def test_skipping_plain_text_is_the_same_as_reading_it(parts: list[str], words: str) -> None:
    read, skipped = CodeSpans(), CodeSpans()
    for char in "".join(parts):
        read.holds(char)
        skipped.holds(char)

    if skipped.in_plain_text and words:
        skipped.skip(words)
        for char in words:
            read.holds(char)

    after = "```\nx\n```\ny"
    assert [read.holds(char) for char in after] == [skipped.holds(char) for char in after]


def test_an_open_run_is_not_yet_plain_text() -> None:
    spans = CodeSpans()

    spans.holds("`")

    assert not spans.in_plain_text
