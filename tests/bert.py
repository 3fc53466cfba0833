"""A tiny BERT in a folder, and the same sums as the graph's, written out with numpy."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from rag_core.embedding.model import BertShape
from tests.wordpiece import SPECIAL, make_tokenizer

TINY = BertShape(layers=2, heads=2, width=16, positions=12, epsilon=1e-12)
_WORDS = [*SPECIAL, "red", "blue", "cat", "dog", "runs", "##s", "."]
_WIDE = 32


def write_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """Write config.json, model.safetensors and tokenizer.json of a model with random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": TINY.layers,
        "num_attention_heads": TINY.heads,
        "hidden_size": TINY.width,
        "max_position_embeddings": TINY.positions,
        "layer_norm_eps": TINY.epsilon,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(make_tokenizer(_WORDS)))
    write_safetensors(folder / "model.safetensors", tiny_tensors(seed))
    return folder


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, tensor in tensors.items():
        start, content = len(content), content + tensor.tobytes()
        dtype = {"f4": "F32", "f2": "F16", "i8": "I64"}[tensor.dtype.str[1:]]
        offsets = [start, len(content)]
        header[name] = {"dtype": dtype, "shape": tensor.shape, "data_offsets": offsets}
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + content)


def tiny_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    width = TINY.width
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(_WORDS), width),
        "embeddings.position_embeddings.weight": (TINY.positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    norms = ["embeddings.LayerNorm."]
    for layer in range(TINY.layers):
        prefix = f"encoder.layer.{layer}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _dense(f"{prefix}attention.{part}.", width, width)
        shapes |= _dense(f"{prefix}intermediate.dense.", width, _WIDE)
        shapes |= _dense(f"{prefix}output.dense.", _WIDE, width)
        norms += [f"{prefix}attention.output.LayerNorm.", f"{prefix}output.LayerNorm."]
    for norm in norms:
        shapes |= {f"{norm}weight": (width,), f"{norm}bias": (width,)}
    return {
        name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }


def reference_vector(
    tensors: dict[str, np.ndarray], shape: BertShape, ids: list[int]
) -> np.ndarray:
    """What the model gives for one text, by the definition of BERT with mean pooling."""

    def dense(hidden: np.ndarray, prefix: str) -> np.ndarray:
        return hidden @ tensors[f"{prefix}weight"].T + tensors[f"{prefix}bias"]

    def norm(hidden: np.ndarray, prefix: str) -> np.ndarray:
        centred = hidden - hidden.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(hidden.var(-1, keepdims=True) + shape.epsilon)
        return scaled * tensors[f"{prefix}weight"] + tensors[f"{prefix}bias"]

    def attention(hidden: np.ndarray, prefix: str) -> np.ndarray:
        parts = (dense(hidden, f"{prefix}{part}.") for part in ("query", "key", "value"))
        heads = (np.split(part, shape.heads, axis=1) for part in parts)
        return np.hstack([_attend(*head) for head in zip(*heads, strict=True)])

    hidden = (
        tensors["embeddings.word_embeddings.weight"][ids]
        + tensors["embeddings.position_embeddings.weight"][: len(ids)]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = norm(hidden, "embeddings.LayerNorm.")
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        mixed = dense(
            attention(hidden, f"{prefix}attention.self."), f"{prefix}attention.output.dense."
        )
        hidden = norm(hidden + mixed, f"{prefix}attention.output.LayerNorm.")
        wide = _gelu(dense(hidden, f"{prefix}intermediate.dense."))
        hidden = norm(hidden + dense(wide, f"{prefix}output.dense."), f"{prefix}output.LayerNorm.")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _attend(query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
    weights = np.exp(query @ key.T / math.sqrt(query.shape[1]))
    return weights / weights.sum(-1, keepdims=True) @ value


def _gelu(values: np.ndarray) -> np.ndarray:
    return values * 0.5 * (1 + np.vectorize(math.erf)(values / math.sqrt(2)))


def _dense(prefix: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}weight": (outputs, inputs), f"{prefix}bias": (outputs,)}
