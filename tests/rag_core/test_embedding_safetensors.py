from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag_core.embedding.safetensors import read_tensors
from tests.bert import write_safetensors


def test_tensors_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = {"one": np.arange(6, dtype=np.float32).reshape(2, 3), "two": np.ones(4, np.float32)}
    write_safetensors(tmp_path / "weights", written)

    read = read_tensors(tmp_path / "weights")

    assert set(read) == {"one", "two"}
    assert np.array_equal(read["one"], written["one"])


def test_half_precision_is_widened_and_integers_are_left_out(tmp_path: Path) -> None:
    half = np.array([0.5, -2.0], np.float16)
    write_safetensors(tmp_path / "weights", {"half": half, "ids": np.arange(2, dtype=np.int64)})

    read = read_tensors(tmp_path / "weights")

    assert {name: tensor.dtype for name, tensor in read.items()} == {"half": np.float32}
    assert read["half"].tolist() == [0.5, -2.0]


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    write_safetensors(path, {"one": np.ones(100, np.float32)})
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(ValueError, match="ends before tensor 'one'"):
        read_tensors(path)


@pytest.mark.parametrize(
    "content", [b"", b"1234", b"\xff" * 20, b"\x00" * 8, b"\x09" + b"\x00" * 9]
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)

    with pytest.raises(ValueError, match="header"):
        read_tensors(path)
