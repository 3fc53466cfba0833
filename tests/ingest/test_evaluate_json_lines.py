from __future__ import annotations

from pathlib import Path

import pytest

from ingest.evaluate.errors import DatasetError
from ingest.evaluate.json_lines import Ids, read_lines


def write(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(content)
    return file


def test_each_line_is_an_object_with_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2}')

    lines = list(read_lines(file))

    assert [line.place for line in lines] == [f"{file}:1", f"{file}:4"]
    assert [line.text("a") for line in lines] == ["1", "2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{broken", "no valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'"a"', "must be a JSON object"),
        (b'{"a": "\xff"}', "no valid JSON"),
        (b'{"a": NaN}', "no valid JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    file = write(tmp_path, b'{"a": 1}\n' + line)

    with pytest.raises(DatasetError, match=said) as error:
        list(read_lines(file))

    assert str(error.value).startswith(f"{file}:2: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none.jsonl.*No such file"):
        list(read_lines(tmp_path / "none.jsonl"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot read"):
        list(read_lines(tmp_path))


@pytest.mark.parametrize("value", [b"true", b"[1]", b"1.5", b"{}"])
def test_a_text_must_be_one(tmp_path: Path, value: bytes) -> None:
    [line] = read_lines(write(tmp_path, b'{"a": ' + value + b"}"))

    with pytest.raises(DatasetError, match=r":1: 'a' must be a text"):
        line.text("a")


def test_what_is_needed_must_be_there_and_not_blank(tmp_path: Path) -> None:
    [line] = read_lines(write(tmp_path, b'{"a": " "}'))

    with pytest.raises(DatasetError, match="'a' is empty"):
        line.need("a")
    with pytest.raises(DatasetError, match="'b' is missing"):
        line.need("b", "c")


def test_an_id_that_is_there_twice_names_both_lines(tmp_path: Path) -> None:
    file = write(tmp_path, b'{"_id": "x"}\n{"_id": "x"}')
    ids = Ids("query")
    first, second = read_lines(file)
    ids.add(first, "_id")

    with pytest.raises(DatasetError) as error:
        ids.add(second, "_id")

    assert str(error.value) == f"{file}:2: the query 'x' is at {file}:1, too"


def test_a_long_value_is_shown_in_part(tmp_path: Path) -> None:
    file = write(tmp_path, b'["' + b"x" * 10_000 + b'"]')

    with pytest.raises(DatasetError) as error:
        list(read_lines(file))

    assert len(str(error.value)) < 400
