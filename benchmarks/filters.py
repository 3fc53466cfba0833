"""Searches with a filter over many chunks: how long they take, and whether they find the best.

The store is that of search_latency.py, whose documents say here which half, twentieth and
thousandth they are of. Beside each search the same filter is given to Chroma as `where=`, and the
truth is a scan: both scores of every chunk that the filter allows.

    .venv/bin/python benchmarks/filters.py [--chunks 100000] [--home FOLDER] [--rounds 100]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import chromadb
import numpy as np
import uvloop
from chromadb.api.models.Collection import Collection as ChromaCollection
from search_latency import COLLECTION, TOP_K, fill, make_questions, read_sentences

from rag_core.catalog import chunks
from rag_core.catalog.collections import Collection
from rag_core.documents import document_of
from rag_core.filtered import Filters
from rag_core.filters import Condition, read_filter
from rag_core.index import Index, open_index
from rag_core.query import Query
from rag_core.search import search
from rag_core.settings import Settings

SHARES = {"half": 2, "twentieth": 20, "thousandth": 1000}
PLAIN = "where"
COLD_ROUNDS = 15
BATCH = 1000


def describe(number: int) -> dict[str, str]:
    """Say which part of each kind a document is of."""
    return {name: str(number % parts) for name, parts in SHARES.items()}


def make_filter(name: str) -> Condition:
    """One part of a kind."""
    return read_filter({"type": "eq", "key": f"metadata.{name}", "value": "1"})


@dataclass
class Scan:
    """All chunks in memory."""

    index: Index
    collection: Collection
    chunk_ids: list[str]
    matrix: np.ndarray
    said: dict[str, dict[str, str]]
    """The metadata of each document."""

    def rows(self, name: str) -> np.ndarray:
        """The numbers of the chunks that a filter allows."""
        allowed = [self.said[document_of(one)][name] == "1" for one in self.chunk_ids]
        return np.flatnonzero(allowed)

    async def best(self, question: str, rows: np.ndarray) -> list[str]:
        """Score every allowed chunk by both halves, and name the best."""
        vector = (await self.index.embedder.embed([question]))[0]
        matches = await self.index.lexical.search(self.collection, question, len(self.chunk_ids))
        words = dict(matches.best)
        lexical = np.array([words.get(self.chunk_ids[row], 0.0) for row in rows])
        fused = 0.4 * (self.matrix[rows] @ vector) + 0.6 * lexical / matches.ceiling
        return [self.chunk_ids[rows[at]] for at in np.argsort(-fused)[:TOP_K]]


async def read_all(index: Index, collection: Collection) -> Scan:
    """Read all vectors and what is said of the documents."""
    chunk_ids: list[str] = []
    parts = []
    async for ids, matrix in chunks.live_vectors(index.catalog, collection):
        chunk_ids += ids
        parts.append(matrix)
    said: dict[str, dict[str, str]] = {}
    ids = list(dict.fromkeys(map(document_of, chunk_ids)))
    for start in range(0, len(ids), BATCH):
        some = [f"{one}-0" for one in ids[start : start + BATCH]]
        for row in await chunks.load_passage_rows(index.catalog, some):
            said[row.document_id] = dict(row.metadata)
    return Scan(index, collection, chunk_ids, np.concatenate(parts), said)


async def fill_plain(scan: Scan) -> ChromaCollection:
    """Put the same vectors into a collection of Chroma with metadata, as one would without us."""
    server = scan.index.vectors.server
    assert server is not None  # noqa: S101 - CHROMA_URL is not set here
    address = await server.find()
    client = chromadb.HttpClient(address.host, address.port)
    plain = client.get_or_create_collection(
        PLAIN, configuration={"hnsw": {"space": "cosine", "ef_search": 200}}
    )
    for start in range(plain.count(), len(scan.chunk_ids), BATCH):
        ids = scan.chunk_ids[start : start + BATCH]
        metadatas = [dict(scan.said[document_of(one)]) for one in ids]
        plain.upsert(ids, scan.matrix[start : start + BATCH], metadatas)
    return plain


async def measure(
    name: str, work: Callable[[str], Awaitable[object]], asked: Sequence[str]
) -> None:
    """Print how long the calls take, one after another, and the CPU of this process for one."""
    walls = []
    cpu = time.process_time()
    for one in asked:
        start = time.perf_counter()
        await work(one)
        walls.append((time.perf_counter() - start) * 1e3)
    cpu = (time.process_time() - cpu) / len(asked) * 1e3
    walls.sort()
    best, late = walls[len(walls) // 10], walls[int(len(walls) * 0.99)]
    print(f"| {name} | {statistics.median(walls):.1f} | {best:.1f} | {late:.1f} | {cpu:.1f} |")


async def compare(name: str, scan: Scan, plain: ChromaCollection, asked: list[str]) -> None:
    """Print what one filter costs, and how many of the best are found."""
    index, condition, rows = scan.index, make_filter(name), scan.rows(name)

    async def ours(question: str) -> list[str]:
        found = await search(index, COLLECTION, Query(question, TOP_K, filter=condition))
        return [one.chunk_id for one in found.passages]

    async def first(question: str) -> object:
        fresh = replace(index, filters=Filters())
        return await search(fresh, COLLECTION, Query(question, TOP_K, filter=condition))

    async def theirs(question: str) -> object:
        vector = (await index.embedder.embed([question]))[0]
        return plain.query(
            query_embeddings=[vector], n_results=100, where={name: "1"}, include=["distances"]
        )

    async def scanned(question: str) -> object:
        vector = (await index.embedder.embed([question]))[0]
        return np.argsort(-(scan.matrix[rows] @ vector))[:100]

    share = f"{100 * len(rows) / len(scan.chunk_ids):.1f} %"
    await measure(f"{share}: first search", first, asked[:COLD_ROUNDS])
    await ours(asked[0])
    await measure(f"{share}: search again", ours, asked)
    await measure(f"{share}: Chroma's where, vectors alone", theirs, asked)
    await measure(f"{share}: numpy over the allowed, vectors alone", scanned, asked)
    shared = sum([len({*await ours(one)} & {*await scan.best(one, rows)}) for one in asked])
    print(f"| {share}: of the scan's best {TOP_K} | {shared / TOP_K / len(asked):.2%} | | | |")


async def run(home: Path, options: argparse.Namespace) -> None:
    """Open or fill the store and measure each filter."""
    sentences = read_sentences(home)
    asked = make_questions(sentences)[: options.rounds]
    async with open_index(Settings(RAG_HOME=home, _env_file=None)) as index:
        collection = await fill(index, sentences, options.chunks, describe=describe)
        scan = await read_all(index, collection)
        plain = await fill_plain(scan)
        print("| | median ms | 10 % ms | 99 % ms | CPU ms |\n|---|--:|--:|--:|--:|")

        async def unfiltered(question: str) -> object:
            return await search(index, COLLECTION, Query(question, TOP_K))

        for one in asked:
            await unfiltered(one)
        await measure("without a filter", unfiltered, asked)
        for name in SHARES:
            await compare(name, scan, plain, asked)


def main() -> int:
    """Print the figures as a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--chunks", type=int, default=100_000)
    arguments.add_argument("--home", type=Path, help="keep the store here, or take the one there")
    arguments.add_argument("--rounds", type=int, default=100)
    options = arguments.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        asyncio.Runner(
            loop_factory=uvloop.new_event_loop  # as uvicorn has it
        ) as runner,
    ):
        runner.run(run(options.home or Path(name), options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
