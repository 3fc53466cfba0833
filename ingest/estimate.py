"""What ingesting files would take, from a sample of them that is really parsed and embedded."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ingest.outcome import Fault
from ingest.parsed import Parsed
from ingest.plan import PlannedFile
from ingest.sandbox import Sandbox
from rag_core.catalog import vectors
from rag_core.catalog.engine import Catalog
from rag_core.documents import hash_text, indexed_texts
from rag_core.embedding import Embedder
from rag_core.errors import DocumentError, UnreadableDocumentError
from rag_core.tokens import TokenCounter

_SAMPLE_FILES = 24
_SAMPLE_BYTES = 4 << 20
"""A larger file is sampled only when its kind has no other."""
_EMBEDDED_TEXTS = 64
_STARTING_SECONDS = 2.0
"""For the worker processes, and for opening the stores."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What ingesting some files would take."""

    files: int
    sampled: int
    failed: tuple[Fault, ...]
    """Of the sample: those that cannot be ingested."""
    chunks: int
    tokens: int
    """That the embedding model would see; texts that it has embedded before are not in it."""
    seconds: float
    """On this machine, as busy as it is now."""


@dataclass(slots=True)
class _Sample:
    """What some files came to."""

    files: int = 0
    size_bytes: int = 0
    chunks: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def scale(self, files: Sequence[PlannedFile]) -> float:
        """How many times this sample these files are: in bytes, or in number without sizes."""
        size_bytes = sum(file.size_bytes for file in files)
        if self.size_bytes and size_bytes:
            return size_bytes / self.size_bytes
        return len(files) / self.files if self.files else 0.0

    def add(self, other: _Sample) -> None:
        """Put another sample to this one."""
        self.files += other.files
        self.size_bytes += other.size_bytes
        self.chunks += other.chunks
        self.tokens += other.tokens
        self.seconds += other.seconds


@dataclass(frozen=True, slots=True)
class Sampler:
    """What a sample goes through.

    Its vectors are kept in the catalog, where no reader sees them: what was embedded for an
    estimate is not embedded again.
    """

    catalog: Catalog
    embedder: Embedder
    sandbox: Sandbox
    counter: TokenCounter

    async def estimate(self, files: Sequence[PlannedFile]) -> Estimate:
        """Parse some files of each kind, embed some of their texts, and reckon from these.

        Raises:
            UnavailableError: the catalog or the embedding model does not answer.
        """
        kinds: dict[str, list[PlannedFile]] = defaultdict(list)
        for file in files:
            kinds[PurePath(file.source).suffix.lower()].append(file)
        samples: dict[str, _Sample] = defaultdict(_Sample)
        failed: list[Fault] = []
        missing: dict[bytes, str] = {}
        await self._warm_up(files)
        for kind, chosen in choose_sample(kinds).items():
            for file in chosen:
                await self._parse(samples[kind], file, failed, missing)
        rate = await self._embed(list(missing.items())[:_EMBEDDED_TEXTS])
        return _reckon(kinds, samples, failed, seconds_per_token=rate)

    async def _warm_up(self, files: Sequence[PlannedFile]) -> None:
        """Start a worker: that takes longer than a small file."""
        for file in sorted(files, key=lambda one: one.size_bytes)[:1]:
            await self._read(file)

    async def _read(self, file: PlannedFile) -> Parsed | DocumentError:
        try:
            async with file.origin.local(unless=None) as path:
                if path is None:  # it is only when it is told of bytes that nobody needs
                    return UnreadableDocumentError("it gave no bytes")
                return await self.sandbox.parse(path, source=file.source)
        except DocumentError as error:
            return error

    async def _parse(
        self, sample: _Sample, file: PlannedFile, failed: list[Fault], missing: dict[bytes, str]
    ) -> None:
        started = time.monotonic()
        parsed = await self._read(file)
        sample.seconds += time.monotonic() - started
        sample.files += 1
        sample.size_bytes += file.size_bytes
        if isinstance(parsed, DocumentError):
            failed.append(Fault(file.source, type(parsed).__name__, str(parsed)))
            return
        by_hash = {hash_text(text): text for text in indexed_texts(parsed.document, parsed.chunks)}
        known = await vectors.has_vectors(self.catalog, self.embedder.fingerprint, list(by_hash))
        new = {key: text for key, text in by_hash.items() if key not in known}
        sample.chunks += len(parsed.chunks)
        sample.tokens += sum(map(self.counter.count, new.values()))
        missing.update(new)

    async def _embed(self, texts: Sequence[tuple[bytes, str]]) -> float:
        """Embed some texts and keep the vectors; gives the seconds for each token."""
        if not texts:
            return 0.0
        hashes, plain = [key for key, _ in texts], [text for _, text in texts]
        await self.embedder.embed(["warm up"])
        started = time.monotonic()
        matrix = await self.embedder.embed(plain)
        seconds = time.monotonic() - started
        await vectors.save_vectors(self.catalog, self.embedder.fingerprint, hashes, matrix)
        tokens = await asyncio.to_thread(lambda: sum(map(self.counter.count, plain)))
        return seconds / max(1, tokens)


def choose_sample(kinds: Mapping[str, Sequence[PlannedFile]]) -> dict[str, list[PlannedFile]]:
    """Choose files of each kind, from small to large; of many kinds, those with most bytes."""
    weighty = sorted(kinds, key=lambda kind: -sum(file.size_bytes for file in kinds[kind]))
    weighty = weighty[:_SAMPLE_FILES]
    return {kind: _spread(kinds[kind], _SAMPLE_FILES // len(weighty)) for kind in weighty}


def _spread(files: Sequence[PlannedFile], count: int) -> list[PlannedFile]:
    by_size = sorted(files, key=lambda file: (file.size_bytes, file.source))
    small = [file for file in by_size if file.size_bytes <= _SAMPLE_BYTES] or by_size[:1]
    count = min(count, len(small))
    # The middles of as many equal parts: neither the smallest nor the largest stands for all.
    return [small[(2 * number + 1) * len(small) // (2 * count)] for number in range(count)]


def _reckon(
    kinds: Mapping[str, Sequence[PlannedFile]],
    samples: Mapping[str, _Sample],
    failed: Sequence[Fault],
    *,
    seconds_per_token: float,
) -> Estimate:
    overall = _Sample()
    for sample in samples.values():
        overall.add(sample)
    chunks = tokens = seconds = 0.0
    for kind, files in kinds.items():
        sample = samples.get(kind, overall)
        scale = sample.scale(files)
        chunks += sample.chunks * scale
        tokens += sample.tokens * scale
        seconds += sample.seconds * scale
    count = sum(map(len, kinds.values()))
    seconds = seconds + tokens * seconds_per_token + (_STARTING_SECONDS if count else 0)
    return Estimate(
        count, overall.files, tuple(failed), round(chunks), round(tokens), round(seconds, 1)
    )
