"""A cross-encoder on ONNX Runtime, in threads of this process: no key, GPU or network."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from rag_core.errors import ConfigurationError, UnavailableError
from rag_core.graphs import open_session, open_tokenizer
from rag_core.rerank.files import CrossEncoderFiles, find_files
from rag_core.settings import Settings
from rag_core.threads import count_processors, open_workers
from rag_core.unicode import make_well_formed

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_LABELS = (1, 2)
# The rest of a longer text would be tokenized for nothing.
_MAX_CHARACTERS = 10_000
_STEEPEST = 700.0
"""Beyond it `exp` overflows."""


class LocalReranker:
    """A loaded model and its threads; its scores lie in [0, 1].

    A pair longer than the model's positions (512 tokens) is cut, the longer of the two first.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer, *, name: str
    ) -> None:
        self.name = name
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = [one.name for one in session.get_inputs()]
        self._thread_count = count_processors()
        self._threads = open_workers(self._thread_count, "rerank")

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker`; calls that run at the same time share the threads fairly."""
        loop = asyncio.get_running_loop()
        scores = [0.0] * len(texts)

        async def work(places: Iterator[int]) -> None:
            for place in places:
                scores[place] = await loop.run_in_executor(
                    self._threads, self._score, query, texts[place]
                )

        # One text a run, without padding: batches gain nothing on a CPU. Who is cancelled waits
        # for no more than the texts that are under way.
        places = iter(range(len(texts)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._thread_count, len(texts))):
                    group.create_task(work(places))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return scores

    def close(self) -> None:
        """Let the threads finish what they are at and end them."""
        self._threads.shutdown(cancel_futures=True)

    def _score(self, query: str, text: str) -> float:
        pair = self._tokenizer.encode(_shorten(query), _shorten(text))
        values = dict(zip(_INPUTS, (pair.ids, pair.attention_mask, pair.type_ids), strict=True))
        try:
            feeds = {name: np.array([values[name]], dtype=np.int64) for name in self._inputs}
            logits = np.asarray(self._session.run(None, feeds)[0], dtype=np.float64).ravel()
        except Exception as error:  # its errors have no class in common but this
            raise UnavailableError(f"the reranker {self.name!r} fails: {error}") from error
        if logits.size not in _LABELS or not np.isfinite(logits).all():
            raise UnavailableError(
                f"the reranker {self.name!r} gives {logits.size} numbers, or none that are finite, "
                "for a pair of texts; a cross-encoder gives one"
            )
        # Of two, the second is the logit of "fits".
        return _squash(float(logits[-1] - (logits[0] if logits.size > 1 else 0.0)))


def _shorten(text: str) -> str:
    return make_well_formed(text[:_MAX_CHARACTERS])


def _squash(logit: float) -> float:
    return 1 / (1 + math.exp(min(-logit, _STEEPEST)))


@asynccontextmanager
async def open_reranker(settings: Settings) -> AsyncIterator[LocalReranker]:
    """Load the model of RERANK_MODEL and try it out.

    Raises:
        ConfigurationError: there is no such model, a file of it is missing, or it is none that
            scores pairs of texts.
        MissingPackageError: it is a name, and the package that fetches models is not installed.
    """
    files = await asyncio.to_thread(
        find_files, str(settings.rerank_model), keep_in=settings.home / "models" / "hub"
    )
    reranker = await asyncio.to_thread(_load, files)
    try:
        await _try_out(reranker)
        yield reranker
    finally:
        await asyncio.to_thread(reranker.close)


def _load(files: CrossEncoderFiles) -> LocalReranker:
    session = open_session(files.graph, way_out="check RERANK_MODEL")
    tokenizer = open_tokenizer(files.tokenizer)
    tokenizer.enable_truncation(files.positions, strategy="longest_first")
    return LocalReranker(session, tokenizer, name=files.name)


async def _try_out(reranker: LocalReranker) -> None:
    try:
        await reranker.rerank("question", ["answer"])
    except UnavailableError as error:
        raise ConfigurationError(f"RERANK_MODEL: {error}") from error
