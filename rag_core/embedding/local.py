"""A BERT sentence model on ONNX Runtime, in threads of this process: no key, GPU or network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import onnxruntime

from rag_core.embedding.batches import Matrix, cut_batches, fill_matrix
from rag_core.embedding.model import (
    BertShape,
    ModelFiles,
    Precision,
    find_model,
    hash_weights,
    read_shape,
    write_atomically,
)
from rag_core.embedding.safetensors import read_tensors
from rag_core.errors import ConfigurationError
from rag_core.graphs import open_session, open_tokenizer
from rag_core.imports import import_needed
from rag_core.locks import locked
from rag_core.settings import Settings
from rag_core.threads import count_processors, open_workers
from rag_core.unicode import make_well_formed

_SPECIAL_TOKENS = 2
"""Put around each text."""
_GRAPH_VERSION = 3
_VECTORS = {"int8": "int8.2", "fp32": "fp32"}
"""What fingerprints call a precision: another name whenever a new graph gives other vectors, but
for its rounding, which processors do in their own ways, too (a cosine of .998 between two)."""
# A unit of work takes 10 to 50 ms, so a query waits about that long behind a bulk of documents.
_UNIT_CHARACTERS = 1_500
_UNIT_TEXTS = 32
# 512 tokens rarely span more; the rest of a longer text would be tokenized for nothing.
_MAX_CHARACTERS = 50_000


class LocalEmbedder:
    """A loaded model and its threads.

    A text longer than the model's positions (512 tokens for MiniLM) is cut there.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, files: ModelFiles, *, positions: int, name: str
    ) -> None:
        self.dimension = int(session.get_outputs()[0].shape[0])
        self.fingerprint = f"{name}/{self.dimension}"
        self.tokenizer = f"file:{files.tokenizer}"
        self.max_tokens = positions - _SPECIAL_TOKENS
        self._session = session
        self._tokenizer = open_tokenizer(files.tokenizer)
        self._tokenizer.enable_truncation(positions)
        self._thread_count = count_processors()
        self._threads = open_workers(self._thread_count, "embed")

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder`; calls that run at the same time share the threads fairly."""
        loop = asyncio.get_running_loop()
        if len(texts) == 1:  # a query: the tasks below cost a tenth of it
            return await loop.run_in_executor(self._threads, self._embed_unit, texts)
        matrix: Matrix = np.empty((len(texts), self.dimension), dtype=np.float32)
        sizes = [len(text) for text in texts]
        units = cut_batches(sizes, max_size=_UNIT_CHARACTERS, max_count=_UNIT_TEXTS)

        async def embed_unit(rows: slice) -> Matrix:
            return await loop.run_in_executor(self._threads, self._embed_unit, texts[rows])

        await fill_matrix(matrix, units, embed_unit, at_once=self._thread_count)
        return matrix

    def close(self) -> None:
        """Let the threads finish what they are at and end them."""
        self._threads.shutdown(cancel_futures=True)

    def _embed_unit(self, texts: Sequence[str]) -> Matrix:
        return np.stack([self._embed_text(text) for text in texts])

    def _embed_text(self, text: str) -> Matrix:
        well_formed = make_well_formed(text[:_MAX_CHARACTERS])
        ids = np.array(self._tokenizer.encode(well_formed).ids, dtype=np.int64)
        vector: Matrix = self._session.run(None, {"ids": ids})[0]
        return vector


@asynccontextmanager
async def open_embedder(settings: Settings) -> AsyncIterator[LocalEmbedder]:
    """Load the model; the first time, make its graph from the weights (about two seconds).

    Raises:
        ConfigurationError: a file is missing or is not what it should be.
    """
    embedder = await asyncio.to_thread(_load, settings)
    try:
        yield embedder
    finally:
        await asyncio.to_thread(embedder.close)


def _load(settings: Settings) -> LocalEmbedder:
    models = settings.home / "models"
    precision = settings.embedding_precision
    files = find_model(settings.embedding_model)
    shape = read_shape(files)
    try:
        sha256 = hash_weights(files, models)
        graph = models / f"{sha256[:16]}-{precision}-v{_GRAPH_VERSION}.onnx"
        session = _open_session(graph, files, shape, precision)
    except OSError as error:
        raise ConfigurationError(f"model {files.name!r} cannot be prepared: {error}") from error
    name = f"local/{files.name}@{sha256[:8]}/{_VECTORS[precision]}"
    return LocalEmbedder(session, files, positions=shape.positions, name=name)


def _open_session(
    graph: Path, files: ModelFiles, shape: BertShape, precision: Precision
) -> onnxruntime.InferenceSession:
    """Load the graph from the cache; where there is none, make it, one process at a time."""
    if not graph.is_file():
        with locked(graph.with_suffix(".lock")):
            if not graph.is_file():
                write_atomically(graph, _build(files, shape, precision))
    return open_session(graph, way_out="delete it and start again")


def _build(files: ModelFiles, shape: BertShape, precision: Precision) -> bytes:
    room = import_needed("rag_core.embedding.graph", needed_for="the local embedding model")
    try:
        built: bytes = room.build_graph(read_tensors(files.weights), shape, precision)
    except (KeyError, ValueError) as error:
        raise ConfigurationError(
            f"{str(files.weights)!r} does not hold the weights of a BERT model: {error}"
        ) from error
    return built
