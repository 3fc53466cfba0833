"""A safetensors file as named numpy arrays: 8 bytes of length, a JSON header, the raw tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100_000_000
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


class _Entry(TypedDict):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read_tensors(path: Path) -> dict[str, Floats]:
    """Map every floating point tensor of the file by its name; none is read before it is used.

    Raises:
        ValueError: the file is cut short or no safetensors file; says what is wrong.
    """
    raw = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.empty(0, "u1")
    header_end = _LENGTH_BYTES + int.from_bytes(raw[:_LENGTH_BYTES].tobytes(), "little")
    if not _LENGTH_BYTES < header_end <= min(raw.size, _MAX_HEADER_BYTES):
        raise ValueError("no safetensors header")
    header: Mapping[str, _Entry] = json.loads(raw[_LENGTH_BYTES:header_end].tobytes())
    return {
        name: _view(raw[header_end:], name, entry)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] in _DTYPES
    }


def _view(data: npt.NDArray[np.uint8], name: str, entry: _Entry) -> Floats:
    start, end = entry["data_offsets"]
    if not 0 <= start <= end <= data.size:
        raise ValueError(f"the file ends before tensor {name!r}")
    stored = data[start:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return stored.astype(np.float32, copy=False)
