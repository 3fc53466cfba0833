from __future__ import annotations

from pathlib import Path

import pytest

from ingest.evaluate.errors import DatasetError
from ingest.evaluate.opening import open_dataset
from tests.ingest.evaluate_support import write_beir, write_lines


def test_the_layout_is_told_by_what_lies_there(tmp_path: Path) -> None:
    beir = write_beir(tmp_path / "beir")
    file = write_lines(tmp_path / "mine.jsonl", [{"question": "a"}])

    assert open_dataset(beir).layout == "beir"
    assert open_dataset(file).layout == "questions"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_what_is_no_dataset_is_an_error_that_says_what_one_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="give a folder in BEIR's layout, or JSON lines"):
        open_dataset(tmp_path / name)


def test_a_dataset_without_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no questions"):
        open_dataset(write_lines(tmp_path / "mine.jsonl", []))


def test_a_limit_spreads_over_all_questions(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "mine.jsonl", [{"question": str(at)} for at in range(10)])

    chosen = open_dataset(file, limit=3).questions

    assert [one.text for one in chosen] == ["0", "3", "6"]
    assert len(open_dataset(file, limit=99).questions) == 10
