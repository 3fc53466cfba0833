"""Files of a model → what runs it: an ONNX graph on the CPU, and a tokenizer."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from tokenizers import Tokenizer

from rag_core.errors import ConfigurationError

_ERRORS = 3
"""Graphs that others exported make warnings that nobody here can mend."""


def open_session(graph: Path, *, way_out: str) -> onnxruntime.InferenceSession:
    """Load a graph that runs in the thread that calls it, and in no other.

    Raises:
        ConfigurationError: it is no graph that can be run; ends with the way out of that.
    """
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common but this
        raise ConfigurationError(f"{str(graph)!r} cannot be loaded: {error}; {way_out}") from error


def open_tokenizer(path: Path) -> Tokenizer:
    """Load a `tokenizer.json`; it pads nothing.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise ConfigurationError(f"{str(path)!r} is not a tokenizer: {error}") from error
    tokenizer.no_padding()
    return tokenizer
