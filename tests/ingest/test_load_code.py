from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.code import load_code
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError

PYTHON = '''"""About."""

import os


# Why.
@decorated
def first() -> None:
    def inner() -> None: ...


class Second(os.PathLike):
    def method(self) -> None:
        pass
'''


def load(text: str, suffix: str = ".py") -> Document:
    return load_code(text.encode(), source="/d/a", name=f"a{suffix}", stem="a")


def find_headings(text: str, suffix: str) -> list[str]:
    return [line for line in load(text, suffix).text.split("\n") if line.startswith("#")]


def test_each_definition_stands_under_its_name_with_what_is_above_it() -> None:
    text = load(PYTHON).text

    assert text.startswith('```python\n"""About."""\n\nimport os\n```\n\n## first\n\n')
    assert "## first\n\n```python\n# Why.\n@decorated\ndef first" in text
    assert "## Second\n\n```python\nclass Second(os.PathLike):\n```\n\n### method\n\n" in text


@pytest.mark.parametrize(
    ("suffix", "line", "name"),
    [
        (".go", "func (s *Server) Listen(port int) {", "Listen"),
        (".rs", "pub fn parse<T>(text: &str) -> T {", "parse"),
        (".ts", "export default async function load() {", "load"),
        (".java", "public final class Duck extends Bird {", "Duck"),
        (".rb", "def self.quack", "self.quack"),
    ],
)
def test_definitions_of_many_languages_are_known(suffix: str, line: str, name: str) -> None:
    assert find_headings(line, suffix) == [f"## {name}"]


def test_code_without_definitions_is_one_fence() -> None:
    assert load("a = 1\n", ".r").text == "```r\na = 1\n```"


def test_a_file_without_code_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(" \n")


@given(
    st.lists(st.sampled_from(["class A:", "    def b(self):", "x = '```'", "# c", "", "def d():"]))
)
def test_no_line_of_code_is_lost_or_changed(lines: list[str]) -> None:
    code = "\n".join(["start", *lines])

    kept = load(code).text.split("\n")

    assert [line for line in kept if line in lines and line] == [line for line in lines if line]
