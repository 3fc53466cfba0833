"""A tiny cross-encoder in a folder: a real ONNX graph that counts the tokens both texts share."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

from tests.wordpiece import SPECIAL, make_tokenizer

WORDS = [*SPECIAL, "red", "blue", "green", "cat", "dog", "bird", "runs", "sings", "."]


def write_cross_encoder(
    folder: Path, *, labels: int = 1, inputs: int = 3, inside: str = "", factor: float = 1.0
) -> Path:
    """Write the files; the logit is the number of words that query and text share, times factor."""
    graph = folder / inside / "model.onnx"
    graph.parent.mkdir(parents=True, exist_ok=True)
    save(_make_graph(labels, inputs, factor), graph)
    (folder / "tokenizer.json").write_text(json.dumps(make_tokenizer(WORDS)))
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 24}))
    return folder


def _make_graph(labels: int, inputs: int, factor: float) -> object:
    """One-hot the ids, count them for each side, multiply the counts of each word and sum up."""
    names = ("input_ids", "attention_mask", "token_type_ids")[:inputs]
    vocabulary = len(WORDS)
    # Special tokens stand on both sides and tell nothing.
    telling = np.array([0.0] * len(SPECIAL) + [factor] * (vocabulary - len(SPECIAL)), np.float32)
    constants = {
        "depth": np.array(vocabulary, np.int64),
        "on_off": np.array([0, 1], np.float32),
        "telling": telling,
        "signs": np.array(
            [[(-1.0) ** (labels - 1 - at) / labels for at in range(labels)]], np.float32
        ),
        "axis": np.array([1], np.int64),
        "one": np.array(1, np.float32),
    }
    side = "token_type_ids" if inputs == 3 else "attention_mask"
    nodes = [
        helper.make_node("OneHot", ["input_ids", "depth", "on_off"], ["hot"], axis=-1),
        helper.make_node("Cast", [side], ["second"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["second", "minus"], ["column"]),
        helper.make_node("Sub", ["one", "column"], ["first"]),
        helper.make_node("Mul", ["hot", "column"], ["in_text"]),
        helper.make_node("Mul", ["hot", "first"], ["in_query"]),
        helper.make_node("ReduceMax", ["in_text", "axis"], ["text_words"], keepdims=0),
        helper.make_node("ReduceMax", ["in_query", "axis"], ["query_words"], keepdims=0),
        helper.make_node("Mul", ["text_words", "query_words"], ["shared"]),
        helper.make_node("Mul", ["shared", "telling"], ["worth"]),
        helper.make_node("ReduceSum", ["worth", "axis"], ["sum"], keepdims=1),
        helper.make_node("MatMul", ["sum", "signs"], ["logits"]),
    ]
    constants["minus"] = np.array([-1], np.int64)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "s"]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model)
    return model
