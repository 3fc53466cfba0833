"""What runs on the workers of a cluster: blocks of files to parse, blocks of texts to embed.

A worker is a process of another machine, perhaps: it opens its own sandbox and its own model, by
its own environment, once. Whatever goes wrong with a row is an answer in its place.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import orjson
import pyarrow as pa

from ingest.parsed import Accepted, Parsed, Refused, cut
from ingest.sandbox import Sandbox, open_sandbox
from rag_core.documents import Splitting
from rag_core.embedding import Embedder, open_embedder
from rag_core.errors import (
    ConfigurationError,
    DocumentError,
    RagError,
    UnavailableDocumentError,
    UnavailableError,
)
from rag_core.settings import Settings, read_settings

_Given = TypeVar("_Given")
_Row = Mapping[str, Any]

_TRIES = 3
"""Of a row, on one machine."""
_HOME = "~/.cache/rag"
"""Where a worker without RAG_HOME keeps the graph of the local model."""
ANSWER = pa.schema(
    {
        "number": pa.int64(),
        "answer": pa.large_binary(),
        "error": pa.string(),
        "detail": pa.string(),
    }
)
"""Of a row: the number that it came with, and an answer or the class name of a RagError."""
FILE = pa.schema(
    {
        "number": pa.int64(),
        "key": pa.string(),
        "name": pa.string(),
        "source": pa.string(),
        "content": pa.large_binary(),
    }
)
"""The answer to it is the JSON of `Looked`."""
TEXTS = pa.schema({"number": pa.int64(), "key": pa.string(), "texts": pa.list_(pa.large_binary())})
"""UTF-8, and half characters as they are; the answer to it is one float32 vector a text."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker must know of an ingest."""

    fingerprint: str
    """Of the driver's model: vectors of another one would be of no use to it."""
    splitting: Splitting
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """For files that ask for one."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a file."""

    answer: Accepted | Refused
    seconds: float
    """How long its parser was at it."""


class Worker:
    """A sandbox and a model, for as long as the process lives."""

    def __init__(self, job: Job) -> None:
        asyncio.set_event_loop_policy(None)  # Ray's choice, uvloop, starts no process group
        # A thread that stays: the kernel ends the sandbox with the thread that has started it.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._parts = AsyncExitStack()
        try:
            self._embedder, self._sandbox = self.wait_for(self._open(job))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the sandbox and the thread; where the process ends, they do by themselves."""
        self.wait_for(self._parts.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait_for(self, work: Coroutine[None, None, _Given]) -> _Given:
        """Do it in the thread, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def parse(self, row: _Row) -> bytes:
        """Parse the file of a row of `FILE`."""
        return orjson.dumps(self.wait_for(self._parse(row)))

    def embed(self, row: _Row) -> bytes:
        """Embed the texts of a row of `TEXTS`."""
        texts = [text.decode("utf-8", "surrogatepass") for text in row["texts"]]
        matrix = self.wait_for(self._embedder.embed(texts))
        return matrix.astype("<f4", copy=False).tobytes()

    async def _open(self, job: Job) -> tuple[Embedder, Sandbox]:
        embedder = await self._parts.enter_async_context(open_embedder(_worker_settings()))
        if embedder.fingerprint != job.fingerprint:
            raise ConfigurationError(
                f"a worker embeds with {embedder.fingerprint!r}, this machine with "
                f"{job.fingerprint!r}: set EMBEDDING_MODEL, EMBEDDING_PRECISION and "
                "OPENAI_BASE_URL alike where the workers are started"
            )
        sandbox = await self._parts.enter_async_context(
            open_sandbox(
                tokenizer=embedder.tokenizer,
                splitting=job.splitting,
                workers=1,
                passwords=job.passwords,
            )
        )
        return embedder, sandbox

    async def _parse(self, row: _Row) -> Looked:
        with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
            path = Path(folder, row["name"])
            try:
                await asyncio.to_thread(path.write_bytes, row["content"])
                parsed = await self._sandbox.parse(path, source=row["source"])
            except DocumentError as error:
                return Looked(Refused(type(error).__name__, str(error)), error.seconds)
            except OSError as error:
                detail = f"the worker cannot hold it: {error.strerror or error}"
                return Looked(Refused(UnavailableDocumentError.__name__, detail), 0.0)
            self._sandbox.give_back(parsed.held_bytes)
            return Looked(_accepted(parsed), parsed.seconds)


def parse_files(files: pa.Table, job: Job) -> pa.Table:
    """Parse each row of `FILE`, to `ANSWER`."""
    deadly = UnavailableDocumentError(f"{_TRIES} workers died that parsed it")
    return _answer_each(files, lambda row: _the_worker(job).parse(row), deadly)


def embed_texts(texts: pa.Table, job: Job) -> pa.Table:
    """Embed the texts of each row of `TEXTS`, to `ANSWER`."""
    deadly = UnavailableError(f"{_TRIES} workers died that embedded the same texts")
    return _answer_each(texts, lambda row: _the_worker(job).embed(row), deadly)


def _answer_each(table: pa.Table, work: Callable[[_Row], bytes], deadly: RagError) -> pa.Table:
    """Answer each row. Ray tries a dead worker's again for ever: we count, on each machine."""
    return pa.Table.from_pylist([_answer(row, work, deadly) for row in table.to_pylist()], ANSWER)


def _answer(row: _Row, work: Callable[[_Row], bytes], deadly: RagError) -> dict[str, object]:
    mark = Path(tempfile.gettempdir(), f"ingest-{row['key']}")
    try:
        if _count_try(mark) > _TRIES:
            raise deadly
        return {"number": row["number"], "answer": work(row)}
    except RagError as error:
        return {"number": row["number"], "error": type(error).__name__, "detail": str(error)}
    finally:
        mark.unlink(missing_ok=True)


def _count_try(mark: Path) -> int:
    """Leave a mark that only a worker's death leaves behind; gives how many there are."""
    with mark.open("ab") as marks:
        marks.write(b".")
        return marks.tell()


@lru_cache(maxsize=1)
def _the_worker(job: Job) -> Worker:
    """Ray runs one task after another in a process: the model is loaded once in it."""
    return Worker(job)


def _worker_settings() -> Settings:
    """The environment's; a worker has no data folder of its own unless it says so."""
    settings = read_settings()
    if "home" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"home": Path(_HOME).expanduser()})


def _accepted(parsed: Parsed) -> Accepted:
    return Accepted(
        parsed.document, cut(parsed.chunks), parsed.content_hash.hex(), parsed.size_bytes
    )


def read_vectors(answer: bytes, count: int) -> np.ndarray:
    """The vectors of an answer to `count` texts, a row each; read-only."""
    return np.frombuffer(answer, "<f4").reshape(count, -1)
