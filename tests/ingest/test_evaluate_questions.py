from __future__ import annotations

from pathlib import Path

import pytest

from ingest.evaluate.dataset import ExpectedPassage, Question
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.questions import read_questions
from tests.ingest.evaluate_support import write_lines


def read(tmp_path: Path, *lines: object) -> list[Question]:
    return list(read_questions(write_lines(tmp_path / "mine.jsonl", lines)).questions)


def test_a_question_may_say_no_more_than_its_text(tmp_path: Path) -> None:
    [question] = read(tmp_path, {"question": "Why?"})

    assert (question.id, question.text) == ("line 1", "Why?")
    assert question.answerable
    assert not question.is_judged


def test_documents_are_a_list_a_text_or_grades(tmp_path: Path) -> None:
    questions = read(
        tmp_path,
        {"question": "a", "documents": ["x.md", "y.md"]},
        {"question": "b", "documents": "x.md"},
        {"question": "c", "documents": {"x.md": 3, "y.md": 0}},
    )

    assert [one.documents for one in questions] == [
        {"x.md": 1, "y.md": 1},
        {"x.md": 1},
        {"x.md": 3},
    ]


def test_evidence_is_a_document_and_where_in_it(tmp_path: Path) -> None:
    [question] = read(
        tmp_path,
        {
            "id": 7,
            "question": "a",
            "evidence": [{"doc_id": "x", "start": 3, "end": 9, "text": "t"}],
        },
    )

    assert question.id == "7"
    assert question.documents == {"x": 1}
    assert question.passages == (ExpectedPassage("x", ("t",), 3, 9),)


def test_ways_to_cut_the_same_answer_are_one_passage(tmp_path: Path) -> None:
    cut = [{"doc_id": "x", "start": 5, "end": 9, "text": "b"}]
    cut += [{"doc_id": "x", "start": 3, "end": 7, "text": "a"}]
    cut += [{"doc_id": "x", "start": 20, "end": 22, "text": "c"}]

    [question] = read(tmp_path, {"question": "a", "evidence": cut})

    assert question.passages == (
        ExpectedPassage("x", ("a", "b"), 3, 9),
        ExpectedPassage("x", ("c",), 20, 22),
    )


def test_passages_may_be_texts_of_any_document(tmp_path: Path) -> None:
    [question] = read(tmp_path, {"question": "a", "passages": ["so many words"]})

    assert question.documents == {}
    assert question.passages == (ExpectedPassage(None, ("so many words",)),)


def test_with_nothing_but_answers_a_passage_should_say_one_of_them(tmp_path: Path) -> None:
    [question] = read(tmp_path, {"question": "a", "answers": ["12", "twelve"]})

    assert question.answers == ("12", "twelve")
    assert question.passages == (ExpectedPassage(None, ("12", "twelve")),)


def test_an_unanswerable_question_expects_nothing(tmp_path: Path) -> None:
    [question] = read(
        tmp_path, {"question": "a", "answerable": False, "evidence": [{"doc_id": "x"}]}
    )

    assert not question.answerable
    assert not question.documents


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({}, "'question' is missing"),
        ({"question": " "}, "'question' is empty"),
        ({"question": 1.5}, "'question' must be a text"),
        ({"question": "a", "answerable": "no"}, "'answerable' must be true or false"),
        ({"question": "a", "answers": [1]}, "expected a text, not 1"),
        ({"question": "a", "documents": [["x"]]}, "expected a text"),
        ({"question": "a", "documents": {"x": "high"}}, "the grade of 'x' must be a number"),
        ({"question": "a", "evidence": "x"}, "'evidence' must be a list"),
        ({"question": "a", "evidence": [3]}, "expected a passage"),
        ({"question": "a", "evidence": [{"start": 1, "end": 2}]}, "need 'doc_id'"),
        ({"question": "a", "evidence": [{"doc_id": "x", "start": 1}]}, "two offsets in order"),
        ({"question": "a", "evidence": [{"doc_id": "x", "start": 2, "end": 2}]}, "in order"),
        ({"question": "a", "evidence": [{"doc_id": "x", "start": -1, "end": 2}]}, "from 0"),
        ({"question": "a", "evidence": [{"doc_id": "x", "start": True, "end": 2}]}, "from 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(DatasetError, match=said) as error:
        read(tmp_path, {"question": "fine"}, line)

    assert "mine.jsonl:2: " in str(error.value)


def test_a_question_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r":2: the question 'x' is at .*:1, too"):
        read(tmp_path, {"id": "x", "question": "a"}, {"id": "x", "question": "b"})


def test_a_folder_brings_its_corpus(tmp_path: Path) -> None:
    write_lines(tmp_path / "corpus.jsonl", [{"_id": "x", "text": "words"}])
    write_lines(tmp_path / "questions.jsonl", [{"question": "a", "documents": ["x"]}])

    dataset = read_questions(tmp_path)

    assert [record.id for record in dataset.records or ()] == ["x"]
    assert dataset.has_documents


def test_a_document_that_the_corpus_has_not_is_an_error(tmp_path: Path) -> None:
    write_lines(tmp_path / "corpus.jsonl", [{"_id": "x", "text": "words"}])
    write_lines(tmp_path / "questions.jsonl", [{"question": "a", "evidence": [{"doc_id": "y"}]}])

    with pytest.raises(DatasetError, match=r"questions.jsonl:1: no document 'y'"):
        read_questions(tmp_path)


def test_a_folder_may_bring_files(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    write_lines(tmp_path / "questions.jsonl", [{"question": "a", "documents": ["x.pdf"]}])

    dataset = read_questions(tmp_path)

    assert dataset.folder == tmp_path / "files"
    assert dataset.records is None
