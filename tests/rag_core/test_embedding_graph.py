from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from rag_core.embedding.graph import build_graph
from rag_core.embedding.model import Precision, find_model, read_shape
from rag_core.embedding.safetensors import read_tensors
from tests.bert import TINY, reference_vector, tiny_tensors


def run_graph(graph: bytes, ids: list[int]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    vector: np.ndarray = session.run(None, {"ids": np.array(ids, np.int64)})[0]
    return vector


@pytest.mark.parametrize("ids", [[2, 3], [2, 4, 6, 8, 3], [2, *[5] * 10, 3]])
def test_the_exact_graph_computes_what_bert_is_defined_as(ids: list[int]) -> None:
    tensors = tiny_tensors()

    vector = run_graph(build_graph(tensors, TINY, "fp32"), ids)

    assert np.allclose(vector, reference_vector(tensors, TINY, ids), atol=1e-5)


@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.99999), ("int8", 0.98)])
def test_minilm_comes_out_as_defined(precision: Precision, least: float) -> None:
    files = find_model("local")
    tensors, shape = read_tensors(files.weights), read_shape(files)
    ids = [101, 2129, 2079, 1045, 4604, 1037, 6251, 1029, 102]

    vector = run_graph(build_graph(tensors, shape, precision), ids)

    assert reference_vector(tensors, shape, ids) @ vector >= least
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_layer_without_output_does_not_divide_by_zero() -> None:
    tensors = {
        name: tensor * (not name.endswith(("intermediate.dense.weight", "intermediate.dense.bias")))
        for name, tensor in tiny_tensors().items()
    }

    vector = run_graph(build_graph(tensors, TINY, "int8"), [2, 4, 3])

    assert reference_vector(tensors, TINY, [2, 4, 3]) @ vector >= 0.98


def test_one_large_channel_does_not_coarsen_the_others() -> None:
    tensors = tiny_tensors()
    for layer in range(TINY.layers):
        prefix = f"encoder.layer.{layer}."
        for part in ("weight", "bias"):
            tensors[f"{prefix}attention.output.LayerNorm.{part}"][3] *= 30
        tensors[f"{prefix}intermediate.dense.weight"][:, 3] /= 30

    vector = run_graph(build_graph(tensors, TINY, "int8"), [2, 4, 6, 8, 3])

    assert reference_vector(tensors, TINY, [2, 4, 6, 8, 3]) @ vector >= 0.999


def test_a_missing_tensor_is_named() -> None:
    tensors = tiny_tensors()
    del tensors["encoder.layer.1.output.dense.bias"]

    with pytest.raises(KeyError, match=r"encoder.layer.1.output.dense.bias"):
        build_graph(tensors, TINY, "int8")
