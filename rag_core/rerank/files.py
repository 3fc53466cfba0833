"""RERANK_MODEL, a folder or a name on the Hugging Face hub → the files of a cross-encoder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rag_core.errors import ConfigurationError, MissingPackageError

_GRAPHS = ("model.onnx", "onnx/model.onnx")
_TOKENIZER = "tokenizer.json"
_CONFIG = "config.json"
_FETCHED = (*_GRAPHS, "model.onnx_data", "onnx/model.onnx_data", _TOKENIZER, _CONFIG)
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*(?:@[\w.-]+)?")
_MOST_TOKENS = 512
"""Chunks have 256 and questions are short: more would cost time and tell nothing."""


@dataclass(frozen=True, slots=True)
class CrossEncoderFiles:
    """Where a model's files are."""

    name: str
    graph: Path
    tokenizer: Path
    positions: int
    """The longest pair that is read, in tokens, with the special ones."""


def find_files(model: str, *, keep_in: Path) -> CrossEncoderFiles:
    """Find the files in a folder, or fetch them from the hub by `owner/name` or `…@revision`.

    What was fetched once is found in `keep_in` when the network is gone.

    Raises:
        ConfigurationError: there is no such model, or a file of it is missing.
        MissingPackageError: the package that fetches models is not installed.
    """
    folder = Path(model).expanduser().absolute()
    if folder.is_dir():
        return _look_into(folder, model, name=folder.name)
    if not _HUB_NAME.fullmatch(model):
        raise ConfigurationError(
            f"RERANK_MODEL={model!r} is no folder, and no name on the Hugging Face hub such as "
            "'owner/model'; for a model behind a server set RERANK_URL, too"
        )
    return _look_into(_fetch(model, keep_in), model, name=model)


def _look_into(folder: Path, model: str, *, name: str) -> CrossEncoderFiles:
    graph = next((folder / path for path in _GRAPHS if (folder / path).is_file()), None)
    tokenizer = folder / _TOKENIZER
    missing = [
        *(() if graph else (" or ".join(_GRAPHS),)),
        *(() if tokenizer.is_file() else (_TOKENIZER,)),
    ]
    if graph is None or missing:
        raise ConfigurationError(
            f"RERANK_MODEL={model!r}: {str(folder)!r} holds no {', no '.join(missing)}"
        )
    return CrossEncoderFiles(name, graph, tokenizer, _read_positions(folder / _CONFIG))


def _read_positions(config: Path) -> int:
    """What the model has room for; without a word about it, what all of them have."""
    try:
        positions = json.loads(config.read_bytes())["max_position_embeddings"]
    except (OSError, ValueError, KeyError, TypeError):
        return _MOST_TOKENS
    return min(positions, _MOST_TOKENS) if isinstance(positions, int) else _MOST_TOKENS


def _fetch(model: str, keep_in: Path) -> Path:
    try:
        hub = import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        needed_for = (
            f"RERANK_MODEL={model!r}, which is no folder here but may be a name on the hub,"
        )
        raise MissingPackageError("huggingface-hub", needed_for=needed_for) from error
    name, _, revision = model.partition("@")
    try:
        fetched = hub.snapshot_download(
            name, revision=revision or None, allow_patterns=list(_FETCHED), cache_dir=keep_in
        )
    except Exception as error:  # its errors, and those of what it stands on, have no other class
        raise ConfigurationError(
            f"RERANK_MODEL={model!r} cannot be fetched from the hub: {' '.join(str(error).split())}"
        ) from error
    return Path(fetched)
