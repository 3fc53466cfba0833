"""The weights of a BERT model as an ONNX graph: the token ids of one text in, a unit vector out.

The graph is flat: it takes one text a run and so needs neither padding nor a mask nor a batch axis.
Imported only where a graph is built: onnx takes a quarter of a second and 40 MB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rag_core.embedding.model import BertShape, Precision
from rag_core.embedding.safetensors import Floats

_OPSET = 21
_IR_VERSION = 10
# 8-bit products saturate the 16-bit sums of AVX2, so weights have 7 bits and activations 8.
_WEIGHT_LIMIT = 63
_ACTIVATION_LIMIT = 127
_ACTIVATION_ZERO = 128
_SMALLEST_SCALE = 1e-12


def build_graph(tensors: Mapping[str, Floats], shape: BertShape, precision: Precision) -> bytes:
    """Serialise the graph; its input is `ids`, its output `vector`.

    Raises:
        KeyError: a tensor that the model must have is missing.
    """
    graph = _Graph(tensors, shape, precision)
    hidden = graph.add_embeddings()
    for layer in range(shape.layers):
        hidden = graph.add_layer(hidden, f"encoder.layer.{layer}.")
    graph.add_pooling(hidden)
    serialised: bytes = graph.model().SerializeToString()
    return serialised


class _Graph:
    """The nodes and weights so far; each `add_…` returns the name of what it computes."""

    def __init__(
        self, tensors: Mapping[str, Floats], shape: BertShape, precision: Precision
    ) -> None:
        self._tensors = tensors
        self._shape = shape
        self._precision = precision
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []
        self._numbers = count()

    def model(self) -> ModelProto:
        """Close the graph."""
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [self._shape.width])
        graph = helper.make_graph(self._nodes, "bert", [ids], [vector], self._weights)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)

    def add_embeddings(self) -> str:
        """Words plus places; the one token type of a single text is folded into the places."""
        places = (
            self._tensors["embeddings.position_embeddings.weight"]
            + self._tensors["embeddings.token_type_embeddings.weight"][0]
        )
        words = self._weight(self._tensors["embeddings.word_embeddings.weight"])
        token_count = self._node("Shape", "ids")
        zero, axis = self._integers(0), self._integers(0)
        placed = self._node("Slice", self._weight(places), zero, token_count, axis)
        summed = self._node("Add", self._node("Gather", words, "ids"), placed)
        return self._norm(summed, "embeddings.LayerNorm.")

    def add_layer(self, hidden: str, prefix: str) -> str:
        """One transformer layer: attention, then the feed-forward part, a norm after each."""
        attended = self._dense(self._attention(hidden, prefix), f"{prefix}attention.output.dense.")
        hidden = self._norm(
            self._node("Add", attended, hidden), f"{prefix}attention.output.LayerNorm."
        )
        wide = self._node("Gelu", self._dense(hidden, f"{prefix}intermediate.dense."))
        narrow = self._dense(wide, f"{prefix}output.dense.")
        return self._norm(self._node("Add", narrow, hidden), f"{prefix}output.LayerNorm.")

    def add_pooling(self, hidden: str) -> None:
        """The mean over all tokens, scaled to length one."""
        mean = self._node("ReduceMean", hidden, self._integers(0), keepdims=0)
        length = self._node("ReduceL2", mean)
        self._nodes.append(helper.make_node("Div", [mean, length], ["vector"]))

    def _attention(self, hidden: str, prefix: str) -> str:
        parts = [f"{prefix}attention.self.{part}." for part in ("query", "key", "value")]
        weights = [self._tensors[f"{part}weight"].T for part in parts]
        biases = [self._tensors[f"{part}bias"] for part in parts]
        scale = np.float32(1 / math.sqrt(self._shape.width // self._shape.heads))
        weights[0], biases[0] = weights[0] * scale, biases[0] * scale
        joined = self._linear(hidden, np.concatenate(weights, axis=1), np.concatenate(biases))
        query, key, value = self._heads(joined)
        shares = self._node("Softmax", self._node("MatMul", query, key), axis=-1)
        mixed = self._node("Transpose", self._node("MatMul", shares, value), perm=[1, 0, 2])
        return self._node("Reshape", mixed, self._integers(-1, self._shape.width))

    def _heads(self, joined: str) -> tuple[str, str, str]:
        """Query and value as (head, token, part), key as (head, part, token)."""
        names = [self._name() for _ in range(3)]
        self._nodes.append(helper.make_node("Split", [joined], names, axis=1, num_outputs=3))
        by_head = self._integers(0, self._shape.heads, -1)
        query, key, value = (self._node("Reshape", name, by_head) for name in names)
        return (
            self._node("Transpose", query, perm=[1, 0, 2]),
            self._node("Transpose", key, perm=[1, 2, 0]),
            self._node("Transpose", value, perm=[1, 0, 2]),
        )

    def _dense(self, hidden: str, prefix: str) -> str:
        weight = self._tensors[f"{prefix}weight"].T
        return self._linear(hidden, weight, self._tensors[f"{prefix}bias"])

    def _linear(self, hidden: str, weight: Floats, bias: Floats) -> str:
        if self._precision == "fp32":
            return self._node("Gemm", hidden, self._weight(weight), self._weight(bias))
        return self._node("Add", self._quantised_product(hidden, weight), self._weight(bias))

    def _quantised_product(self, hidden: str, weight: Floats) -> str:
        """Weights to 7 bits for each output, activations to 8 bits for each token."""
        scales = np.maximum(np.abs(weight).max(axis=0) / _WEIGHT_LIMIT, _SMALLEST_SCALE)
        steps = self._weight(np.rint(weight / scales).astype(np.int8))
        sizes = self._node("ReduceMax", self._node("Abs", hidden), self._integers(-1), keepdims=1)
        sizes = self._node("Max", sizes, self._number(_SMALLEST_SCALE))
        # Not a division for each value: that makes the whole run a tenth slower.
        factors = self._node("Div", self._number(_ACTIVATION_LIMIT), sizes)
        scaled = self._node("Mul", hidden, factors)
        zero = self._weight(np.array(_ACTIVATION_ZERO, np.uint8))
        activations = self._node("QuantizeLinear", scaled, self._number(1.0), zero)
        sums = self._node("MatMulInteger", activations, steps, zero)
        product = self._node("Mul", self._cast(sums), self._weight(scales.astype(np.float32)))
        return self._node("Div", product, factors)

    def _norm(self, hidden: str, prefix: str) -> str:
        weight = self._weight(self._tensors[f"{prefix}weight"])
        bias = self._weight(self._tensors[f"{prefix}bias"])
        epsilon = self._shape.epsilon
        return self._node("LayerNormalization", hidden, weight, bias, axis=-1, epsilon=epsilon)

    def _cast(self, value: str) -> str:
        return self._node("Cast", value, to=TensorProto.FLOAT)

    def _integers(self, *values: int) -> str:
        return self._weight(np.array(values, np.int64))

    def _number(self, value: float) -> str:
        return self._weight(np.array(value, np.float32))

    def _weight(self, values: npt.NDArray[np.generic]) -> str:
        name = self._name()
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(self, operation: str, *inputs: str, **attributes: float | list[int]) -> str:
        name = self._name()
        self._nodes.append(
            helper.make_node(operation, list(inputs), [name], None, None, None, None, **attributes)
        )
        return name

    def _name(self) -> str:
        return f"_{next(self._numbers)}"
