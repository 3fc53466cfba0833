from __future__ import annotations

from pathlib import Path

import pytest

from ingest.evaluate.beir import read_beir
from ingest.evaluate.errors import DatasetError
from tests.ingest.evaluate_support import RIVERS, write_beir, write_lines, write_qrels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_beir(tmp_path / "rivers")


def test_questions_and_corpus_are_read(folder: Path) -> None:
    dataset = read_beir(folder, split="test")

    assert (dataset.name, dataset.layout) == ("rivers", "beir")
    assert [record.text for record in dataset.records or ()] == list(RIVERS.values())
    assert [question.id for question in dataset.questions] == ["q1", "q2", "q3"]
    assert dataset.questions[0].documents == {"rhine": 1}
    assert dataset.questions[0].place == f"{folder / 'queries.jsonl'}:1"


def test_only_what_the_split_judges_is_asked(folder: Path) -> None:
    write_qrels(folder, ["q2\tdanube\t2"], split="dev")

    dataset = read_beir(folder, split="dev")

    assert [question.documents for question in dataset.questions] == [{"danube": 2}]


def test_grades_of_zero_and_less_are_not_relevant(folder: Path) -> None:
    write_qrels(folder, ["q1\trhine\t3", "q1\telbe\t0", "q1\tdanube\t-1"])

    [question] = read_beir(folder, split="test").questions

    assert question.documents == {"rhine": 3}


def test_a_question_that_nothing_is_relevant_for_is_not_judged(folder: Path) -> None:
    write_qrels(folder, ["q1\trhine\t0"])

    [question] = read_beir(folder, split="test").questions

    assert not question.is_judged


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("q1\tnile\t1", "no document 'nile'"),
        ("q9\trhine\t1", "no query 'q9'"),
        ("q1\trhine\tyes", "must be a whole number, not 'yes'"),
        ("q1\trhine\t1.5", "must be a whole number"),
        ("q1\trhine", "with tabs between"),
        ("q1 0 rhine 1", "with tabs between"),
        ("q1\trhine\t1", "are in another line, too"),
    ],
)
def test_a_wrong_judgement_is_named(folder: Path, line: str, said: str) -> None:
    file = write_qrels(folder, ["q1\trhine\t1", line])

    with pytest.raises(DatasetError, match=said) as error:
        read_beir(folder, split="test")

    assert str(error.value).startswith(f"{file}:3: ")


def test_a_missing_split_names_those_that_there_are(folder: Path) -> None:
    write_qrels(folder, ["q1\trhine\t1"], split="train")

    with pytest.raises(DatasetError, match=r"dev.tsv.*there are the splits test, train"):
        read_beir(folder, split="dev")


def test_missing_qrels_are_named(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()

    with pytest.raises(DatasetError, match="there is none"):
        read_beir(folder, split="test")


def test_an_empty_corpus_is_an_error(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text("\n")

    with pytest.raises(DatasetError, match="holds no documents"):
        read_beir(folder, split="test")


def test_a_document_that_is_there_twice_is_an_error(folder: Path) -> None:
    write_lines(folder / "corpus.jsonl", [{"_id": "a"}, {"_id": "a"}])

    with pytest.raises(DatasetError, match=r"corpus.jsonl:2: the document 'a' is at .*:1, too"):
        read_beir(folder, split="test")


def test_without_a_corpus_the_documents_are_elsewhere(folder: Path) -> None:
    (folder / "corpus.jsonl").unlink()

    dataset = read_beir(folder, split="test")

    assert not dataset.has_documents
    assert len(dataset.questions) == 3
