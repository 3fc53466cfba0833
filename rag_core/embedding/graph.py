"""The weights of a BERT model as an ONNX graph: the token ids of one text in, a unit vector out.

The graph is flat: it takes one text a run and so needs neither padding nor a mask nor a batch axis.
Imported only where a graph is built: onnx takes a quarter of a second and 40 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

from rag_core.embedding.model import BertShape, Precision
from rag_core.embedding.safetensors import Floats

_OPSET = 21
_FUSED = "com.microsoft"
_FUSED_OPERATIONS = {"DynamicQuantizeMatMul", "MultiHeadAttention"}
"""Of ONNX Runtime; the standard lacks them."""
_IR_VERSION = 10
# 8-bit products saturate the 16-bit sums of AVX2, so weights have 7 bits and activations 8.
_WEIGHT_LIMIT = 63
_SMALLEST_SCALE = 1e-12
# What a norm gives lies within so many times its weight around its bias, but for outliers.
_DEVIATIONS = 3
# No value of GELU is lower: divided by no less than this, each lies between -1 and 1.
_GELU_DEPTH = 0.17


def build_graph(tensors: Mapping[str, Floats], shape: BertShape, precision: Precision) -> bytes:
    """Serialise the graph; its input is `ids`, its output `vector`.

    Raises:
        KeyError: a tensor that the model must have is missing.
    """
    writer = _Writer()
    bert = _Bert(tensors, shape, precision, writer)
    hidden = bert.add_embeddings()
    for layer in range(shape.layers):
        hidden = bert.add_layer(hidden, f"encoder.layer.{layer}.")
    return writer.serialise(bert.add_pooling(hidden), shape.width)


class _Writer:
    """The nodes and weights so far; what is added is named by the result."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []
        self._numbers = count()

    def node(self, operation: str, *inputs: str, **attributes: float | list[int]) -> str:
        """Add an operation with one result."""
        return self.nodes(operation, *inputs, results=1, **attributes)[0]

    def nodes(
        self, operation: str, *inputs: str, results: int, **attributes: float | list[int]
    ) -> list[str]:
        """Add an operation with several results."""
        names = [self._name() for _ in range(results)]
        domain = _FUSED if operation in _FUSED_OPERATIONS else None
        node = helper.make_node(
            operation, list(inputs), names, None, None, domain, None, **attributes
        )
        self._nodes.append(node)
        return names

    def weight(self, values: npt.NDArray[np.generic]) -> str:
        """Add a constant tensor."""
        name = self._name()
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        """Add a constant list of axes or lengths."""
        return self.weight(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """Add a constant number."""
        return self.weight(np.array(value, np.float32))

    def serialise(self, vector: str, width: int) -> bytes:
        """Close the graph; what is named `vector` is its result."""
        self._nodes.append(helper.make_node("Identity", [vector], ["vector"]))
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])
        result = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [width])
        graph = helper.make_graph(self._nodes, "bert", [ids], [result], self._weights)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        serialised: bytes = model.SerializeToString()
        return serialised

    def _name(self) -> str:
        return f"_{next(self._numbers)}"


class _Bert:
    """The parts of the model; each `add_…` returns the name of what it computes."""

    def __init__(
        self,
        tensors: Mapping[str, Floats],
        shape: BertShape,
        precision: Precision,
        writer: _Writer,
    ) -> None:
        self._tensors = tensors
        self._shape = shape
        self._precision = precision
        self._to = writer

    def add_embeddings(self) -> str:
        """Words plus places; the one token type of a single text is folded into the places."""
        places = (
            self._tensors["embeddings.position_embeddings.weight"]
            + self._tensors["embeddings.token_type_embeddings.weight"][0]
        )
        words = self._to.weight(self._tensors["embeddings.word_embeddings.weight"])
        token_count = self._to.node("Shape", "ids")
        zero, axis = self._to.integers(0), self._to.integers(0)
        placed = self._to.node("Slice", self._to.weight(places), zero, token_count, axis)
        summed = self._to.node("Add", self._to.node("Gather", words, "ids"), placed)
        return self._norm(summed, "embeddings.LayerNorm.")

    def add_layer(self, hidden: str, prefix: str) -> str:
        """One transformer layer: attention, then the feed-forward part, a norm after each."""
        attended = self._dense(self._attention(hidden, prefix), f"{prefix}attention.output.dense.")
        norm = f"{prefix}attention.output.LayerNorm."
        hidden = self._norm(self._to.node("Add", attended, hidden), norm)
        wide = self._to.node("Gelu", self._widen(hidden, f"{prefix}intermediate.dense.", norm))
        narrow = self._narrow(wide, f"{prefix}output.dense.")
        return self._norm(self._to.node("Add", narrow, hidden), f"{prefix}output.LayerNorm.")

    def add_pooling(self, hidden: str) -> str:
        """The mean over all tokens, scaled to length one."""
        mean = self._to.node("ReduceMean", hidden, self._to.integers(0), keepdims=0)
        length = self._to.node("ReduceL2", mean)
        return self._to.node("Div", mean, length)

    def _attention(self, hidden: str, prefix: str) -> str:
        """Every head's mix of the values; fused, so that the shares need not leave the cache."""
        parts = [f"{prefix}attention.self.{part}." for part in ("query", "key", "value")]
        weight = np.concatenate([self._tensors[f"{part}weight"].T for part in parts], axis=1)
        bias = np.concatenate([self._tensors[f"{part}bias"] for part in parts])
        # With an axis for the texts of a batch, here of one.
        joined = self._to.node(
            "Unsqueeze", self._linear(hidden, weight, bias), self._to.integers(0)
        )
        split = self._to.nodes("Split", joined, results=3, axis=2, num_outputs=3)
        mixed = self._to.node("MultiHeadAttention", *split, num_heads=self._shape.heads)
        return self._to.node("Squeeze", mixed, self._to.integers(0))

    def _dense(self, hidden: str, prefix: str) -> str:
        weight = self._tensors[f"{prefix}weight"].T
        return self._linear(hidden, weight, self._tensors[f"{prefix}bias"])

    def _widen(self, hidden: str, prefix: str, norm: str) -> str:
        """The layer before GELU: as int8 its inputs' large channels are first evened out.

        Each is divided by a factor that its weights are multiplied by, so that both lose about
        the same; how large a channel gets is told by the norm before it.
        """
        if self._precision == "fp32":
            return self._dense(hidden, prefix)
        weight = self._tensors[f"{prefix}weight"].T
        spread = _DEVIATIONS * np.abs(self._tensors[f"{norm}weight"])
        sizes = np.maximum(spread + np.abs(self._tensors[f"{norm}bias"]), _SMALLEST_SCALE)
        weights = np.maximum(np.abs(weight).max(axis=1), _SMALLEST_SCALE)
        factors = np.sqrt(sizes / weights)
        evened = self._to.node("Mul", hidden, self._to.weight(1 / factors))
        bias = self._to.weight(self._tensors[f"{prefix}bias"])
        return self._product(evened, weight * factors[:, None], bias)

    def _narrow(self, wide: str, prefix: str) -> str:
        """The layer after GELU: as int8 each token is first divided by its highest value.

        Of all layers' inputs only these differ so much from token to token that one scale for a
        whole text costs accuracy: the median cosine to fp32 is .994 then, and .996 with it.
        """
        if self._precision == "fp32":
            return self._dense(wide, prefix)
        highest = self._to.node("ReduceMax", wide, self._to.integers(-1), keepdims=1)
        highest = self._to.node("Max", highest, self._to.number(_GELU_DEPTH))
        factors = self._to.node("Reciprocal", highest)
        product = self._product(
            self._to.node("Mul", wide, factors), self._tensors[f"{prefix}weight"].T
        )
        bias = self._to.weight(self._tensors[f"{prefix}bias"])
        return self._to.node("Add", self._to.node("Mul", product, highest), bias)

    def _linear(self, hidden: str, weight: Floats, bias: Floats) -> str:
        if self._precision == "fp32":
            return self._to.node("Gemm", hidden, self._to.weight(weight), self._to.weight(bias))
        return self._product(hidden, weight, self._to.weight(bias))

    def _product(self, hidden: str, weight: Floats, bias: str = "") -> str:
        """Weights to 7 bits for each output, activations to 8 bits for the whole text."""
        scales = np.maximum(np.abs(weight).max(axis=0) / _WEIGHT_LIMIT, _SMALLEST_SCALE)
        steps = self._to.weight(np.rint(weight / scales).astype(np.int8))
        sizes = self._to.weight(scales.astype(np.float32))
        # Quantises, multiplies, scales back and adds; ten standard operations for this make the
        # whole run a sixth slower.
        return self._to.node("DynamicQuantizeMatMul", hidden, steps, sizes, "", bias)

    def _norm(self, hidden: str, prefix: str) -> str:
        weight = self._to.weight(self._tensors[f"{prefix}weight"])
        bias = self._to.weight(self._tensors[f"{prefix}bias"])
        epsilon = self._shape.epsilon
        return self._to.node("LayerNormalization", hidden, weight, bias, axis=-1, epsilon=epsilon)
