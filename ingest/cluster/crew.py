"""A connection to a Ray cluster, and the crew that works there for one ingest."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ray
import ray.data
from pydantic import TypeAdapter

from ingest.cluster.rounds import Rounds, open_rounds
from ingest.cluster.tasks import FILE, TEXTS, Job, Looked, embed_texts, parse_files, read_vectors
from ingest.engines import Crew
from ingest.flow import Pace
from ingest.parsed import Parsed
from ingest.sandbox import Sandbox, accept
from rag_core.embedding import Embedder
from rag_core.errors import UnavailableDocumentError, UnavailableError

_LOOKED: TypeAdapter[Looked] = TypeAdapter(Looked)
_REACH_SECONDS = 5.0
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
_SETTINGS = b"\4"
"""The type of the frame that each HTTP/2 server, such as Ray's head, answers to a greeting."""
_STORE_BYTES = 256 << 20
"""Of shared memory, for the blocks of a cluster that we start."""
_MOST_BYTES = 16 << 20
"""Of a file, that are sent to a worker."""
_TEXTS = 32
"""In a row: what is embedded by one processor in about a second."""
_FILES_PER_PROCESSOR = 32
_SLICE_PER_PROCESSOR = 64
_EMBEDDERS = 4


@dataclass(frozen=True, slots=True)
class _ClusterParser:
    rounds: Rounds
    here: Sandbox
    """For what is too large to be sent; it bounds what is under way, too."""

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """See `Parser`; the workers get the bytes, so they need not see the path."""
        content = await asyncio.to_thread(_read_small, path)
        if content is None:
            return await self.here.parse(path, source=source)
        ask = {"name": path.name, "source": source, "content": content}
        return await self.here.hold(len(content), self._parse(ask, source))

    async def _parse(self, ask: Mapping[str, object], source: str) -> Parsed:
        answer = await self.rounds.ask(ask)
        looked = await asyncio.to_thread(_LOOKED.validate_json, answer)
        return accept(looked.answer, source=source, seconds=looked.seconds)


@dataclass(frozen=True, slots=True)
class _ClusterEmbedder:
    """The driver's model in name, and the workers' in deed."""

    rounds: Rounds
    fingerprint: str
    dimension: int
    tokenizer: str
    max_tokens: int | None

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """See `Embedder`."""
        parts = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
        matrices = await asyncio.gather(*map(self._embed_part, parts))
        return np.concatenate([np.empty((0, self.dimension), np.float32), *matrices])

    async def _embed_part(self, texts: Sequence[str]) -> np.ndarray:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        return read_vectors(await self.rounds.ask({"texts": encoded}), len(texts))


@asynccontextmanager
async def open_crew(
    address: str | None, embedder: Embedder, sandbox: Sandbox
) -> AsyncIterator[Crew]:
    """Connect to the cluster at an address, or start one, until the exit.

    Raises:
        UnavailableError: there is none, or it does not let us in.
    """
    with redirect_stdout(sys.stderr):  # where Ray tells of dead workers; ours is for the report
        async with _connected(address, embedder, sandbox) as crew:
            yield crew


@asynccontextmanager
async def _connected(
    address: str | None, embedder: Embedder, sandbox: Sandbox
) -> AsyncIterator[Crew]:
    processors = await asyncio.to_thread(_connect, address)
    job = Job(embedder.fingerprint, sandbox.splitting, sandbox.passwords)
    parsing = Rounds(parse_files, FILE, job, processors)
    embedding = Rounds(embed_texts, TEXTS, job, processors)
    try:
        async with open_rounds(parsing), open_rounds(embedding):
            yield Crew(
                _ClusterParser(parsing, sandbox),
                _ClusterEmbedder(
                    rounds=embedding,
                    fingerprint=embedder.fingerprint,
                    dimension=embedder.dimension,
                    tokenizer=embedder.tokenizer,
                    max_tokens=embedder.max_tokens,
                ),
                Pace(
                    parsers=_FILES_PER_PROCESSOR * processors,
                    embedders=_EMBEDDERS,
                    slice_chunks=_SLICE_PER_PROCESSOR * processors,
                ),
            )
    finally:
        await asyncio.to_thread(ray.shutdown)


def _connect(address: str | None) -> int:
    """Join a cluster, quietly; gives its processors."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray would report to its makers
    if address is not None and "RAY_USE_TLS" not in os.environ:
        _reach(address)
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=None if address else False,
            object_store_memory=None if address else _STORE_BYTES,
        )
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise UnavailableError(
            f"Ray cannot be used at {address or 'this machine'!r}: {error} (its version and "
            "RAY_AUTH_TOKEN must be the same here and there)"
        ) from error
    _silence_data()
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _reach(address: str) -> None:
    """Find out quickly whether Ray is there: it would itself try for minutes, then end us."""
    host, _, port = address.rpartition(":")
    fault = "something else answers"
    try:
        with socket.create_connection((host, int(port)), timeout=_REACH_SECONDS) as line:
            line.sendall(_GREETING)
            if line.recv(4, socket.MSG_WAITALL)[3:] == _SETTINGS:
                return
    except (OSError, ValueError) as error:
        fault = str(error)
    raise UnavailableError(
        f"no Ray cluster answers at {address!r} ({fault}): give HOST:PORT of its head, as "
        "'ray start --head' prints it"
    )


def _silence_data() -> None:
    """Have no progress bars and no lines about each round."""
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _read_small(path: Path) -> bytes | None:
    """The bytes of a file; None when they are too many to be sent."""
    try:
        return path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
    except OSError as error:
        raise UnavailableDocumentError(f"cannot read it: {error.strerror or error}") from error
