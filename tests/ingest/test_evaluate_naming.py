from __future__ import annotations

import pytest

from ingest.evaluate.dataset import ExpectedPassage, Question
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.naming import Names, make_names, resolve

PLACE = "mine.jsonl:3"


@pytest.fixture
def names() -> Names:
    return make_names(
        "reports",
        [
            ("id1", "/home/me/2022/q3.pdf"),
            ("id2", "/home/me/2023/q3.pdf"),
            ("id3", "/home/me/2023/notes.md"),
            ("id4", "https://example.com/a/page"),
            ("id5", "page"),
        ],
    )


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("id1", "/home/me/2022/q3.pdf"),
        ("/home/me/2022/q3.pdf", "/home/me/2022/q3.pdf"),
        ("2022/q3.pdf", "/home/me/2022/q3.pdf"),
        ("notes.md", "/home/me/2023/notes.md"),
        ("notes", "/home/me/2023/notes.md"),
        ("elsewhere/notes.md", "/home/me/2023/notes.md"),
        ("https://example.com/a/page", "https://example.com/a/page"),
        ("a/page", "https://example.com/a/page"),
        ("page", "page"),
    ],
)
def test_a_document_goes_by_its_id_its_source_and_ends_of_that(
    names: Names, name: str, source: str
) -> None:
    assert names.find(name, place=PLACE) == source


def test_a_name_of_several_is_an_error(names: Names) -> None:
    with pytest.raises(DatasetError, match=r"mine.jsonl:3: 'q3.pdf' may be any of .*2022.*2023"):
        names.find("q3.pdf", place=PLACE)


def test_a_name_of_none_is_an_error(names: Names) -> None:
    with pytest.raises(DatasetError, match=r"mine.jsonl:3: expects the document 'x', .*'reports'"):
        names.find("x", place=PLACE)


def test_a_question_is_told_in_sources(names: Names) -> None:
    question = Question(
        "q", "Why?", PLACE, {"notes": 1, "id3": 3}, (ExpectedPassage("notes.md", ("words",)),)
    )

    told = resolve(question, names)

    assert told.documents == {"/home/me/2023/notes.md": 3}
    assert told.passages[0].document == "/home/me/2023/notes.md"
