from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.markdown import load_markdown
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError


def load(text: str) -> Document:
    return load_markdown(text.encode(), source="/d/a.md", name="a.md", stem="a")


@pytest.mark.parametrize(
    ("matter", "title"),
    [
        ("---\ntitle: The title\ntags: [a]\n---\n", "The title"),
        ('---\ntitle: "Quoted: yes"\n---\n', "Quoted: yes"),
        ("+++\ntitle = 'Toml'\n+++\n", "Toml"),
        ("---\nauthor: nobody\n---\n", "Heading"),
        ("---\n---\n", "Heading"),
    ],
)
def test_front_matter_is_cut_off_and_gives_the_title(matter: str, title: str) -> None:
    document = load(matter + "# Heading\n\nText")

    assert document.title == title
    assert document.text == "# Heading\n\nText"


def test_a_rule_at_the_start_is_no_front_matter() -> None:
    document = load("---\n\nText without an end")

    assert document.text == "---\n\nText without an end"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("intro\n\n## **Second** level {#id}\n", "Second level"),
        ("Underlined\n==========\n", "Underlined"),
        ("```\n# comment\n```\n", "a"),
        ("no heading", "a"),
    ],
)
def test_the_first_heading_is_the_title_or_else_the_file_name(text: str, title: str) -> None:
    assert load(text).title == title


def test_front_matter_alone_is_no_document() -> None:
    with pytest.raises(EmptyDocumentError, match=r"'a\.md'"):
        load("---\ntitle: T\n---\n")


def test_html_in_markdown_becomes_markdown() -> None:
    table = "<table>\n<tr><th>A</th></tr>\n\n<tr><td>b</td></tr></table>"

    text = load(f"Words.\n\n{table}\n<div>\n    <p>In <b>it</b>.</p>\n</div>\n").text

    assert "| A |\n| --- |\n| b |" in text
    assert "\nIn **it**.\n" in text
    assert "div" not in text


def test_html_in_code_and_html_that_never_ends_stay_as_they_are() -> None:
    text = "```html\n<p>a</p>\n<div>\n```\n\nThe <b>tag</b>.\n\n<p>no end\n"

    assert load(text).text == text


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<table>", "```", "words", "", "<br>", "</table>"]))
)
def test_no_word_beside_html_is_lost(lines: list[str]) -> None:
    text = load("\n".join(["begin", "", *lines])).text

    assert text.count("words") == lines.count("words")
