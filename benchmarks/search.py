"""How a search grows with the collection: latency in the API, recall, memory and disk.

One store grows from size to size. At each the API answers `POST /v1/search` on one core, embedding
and Chroma included, for eight callers who read for a while between two questions; recall is that
of the ten nearest of a topic against all vectors, and memory that of the API and its Chroma.
The store is made up as in search_latency.py; a million chunks take some hours to write.

    .venv/bin/python benchmarks/search.py --sizes 10000 100000 [--home FOLDER] [--plot FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import numpy as np
import psutil
from contestants import BIN, SERVER_CORE, free_port, started
from search_latency import (
    fill,
    make_questions,
    read_sentences,
    time_callers,
)

from rag_core.catalog import chunks
from rag_core.catalog.collections import Collection
from rag_core.index import Index, open_index
from rag_core.settings import Settings

NEAREST = 10
ASKED = 100
MEGABYTE = 1_000_000

Figures = dict[str, float]


async def measure_recall(index: Index, collection: Collection, queries: np.ndarray) -> float:
    """The share of the ten nearest of all vectors that Chroma finds among as many."""
    best: list[list[tuple[float, str]]] = [[] for _ in queries]
    async for ids, matrix in chunks.live_vectors(index.catalog, collection):
        cosines = matrix @ queries.T
        for place, column in enumerate(cosines.T):
            top = np.argsort(-column)[:NEAREST]
            near = [(float(column[row]), ids[row]) for row in top]
            best[place] = sorted(best[place] + near, reverse=True)[:NEAREST]
    shares = []
    for vector, exact in zip(queries, best, strict=True):
        found = await index.vectors.query(collection.vector_index, vector, ASKED)
        near = {chunk_id for chunk_id, _ in found[:NEAREST]}
        shares.append(len(near & {chunk_id for _, chunk_id in exact}) / NEAREST)
    return statistics.mean(shares)


async def measure_callers(url: str, questions: Sequence[str], seconds: float) -> Figures:
    """Wall time of searches over HTTP, while callers ask and think in turn."""
    async with aiohttp.ClientSession() as session:

        async def ask(question: str) -> None:
            async with session.post(url, json={"query": question}) as response:
                response.raise_for_status()
                await response.read()

        walls = await time_callers(ask, questions, seconds)
    cuts = statistics.quantiles(walls, n=100)
    return {"searches": len(walls), "p50 ms": cuts[49] * 1e3, "p99 ms": cuts[98] * 1e3}


def count_bytes(folder: Path) -> int:
    """What the files of a store take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def count_memory(pid: int, home: Path) -> int:
    """Of a server and of the Chroma that is its own, the memory that is theirs alone."""
    own = [psutil.Process(pid)]
    own += [one for one in psutil.process_iter(["cmdline"]) if is_chroma(one, home)]
    return sum(one.memory_full_info().uss for one in own)


def wait_for_the_end(home: Path) -> None:
    """Let the store's Chroma end: the next is a child of the API, and on its core."""
    while any(is_chroma(one, home) for one in psutil.process_iter(["cmdline"])):
        time.sleep(0.2)


def is_chroma(process: psutil.Process, home: Path) -> bool:
    """Whether a process serves the vectors of this store."""
    words = process.info["cmdline"] or []
    return "rag_core.vectors.run_chroma" in words and any(str(home) in word for word in words)


async def measure(home: Path, size: int, seconds: float) -> Figures:
    """Grow the store to a size and measure everything there."""
    sentences = read_sentences(home)
    questions = make_questions(sentences)
    async with open_index(Settings(RAG_HOME=home, _env_file=None)) as index:
        collection = await fill(index, sentences, size)
        queries = await index.embedder.embed(questions[:ASKED])
        recall = await measure_recall(index, collection, queries)
    wait_for_the_end(home)
    port = free_port()
    environment = {"RAG_HOME": str(home), "RAG_PORT": str(port), "RAG_WORKER": "false"}
    serve = [str(BIN / "rag-api"), "serve"]
    with started(serve, SERVER_CORE, port, environment | {"RAG_LOG_LEVEL": "ERROR"}) as pid:
        url = f"http://127.0.0.1:{port}/v1/search"
        await measure_callers(url, questions, 3)  # caches and connections get warm
        figures = await measure_callers(url, questions[::-1], seconds)
        memory = count_memory(pid, home) / MEGABYTE
    disk = count_bytes(home) / MEGABYTE
    return {"chunks": size, **figures, "recall@10": recall, "memory MB": memory, "disk MB": disk}


def plot(path: Path, measured: Sequence[Figures]) -> None:
    """Draw latency, recall, memory and disk by the size of the collection."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second, for one option

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"  # text that stays text: a tenth of the size
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, places = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    sizes = [figures["chunks"] for figures in measured]
    shown = (("p50 ms", "p99 ms"), ("recall@10",), ("memory MB", "disk MB"))
    for axes, names in zip(places, shown, strict=True):
        for name in names:
            axes.plot(sizes, [figures[name] for figures in measured], marker="o", label=name)
        axes.set(xscale="log", ylim=(0, None), xlabel="chunks")
        axes.legend()
    figure.savefig(path)


def main() -> int:
    """Print a table, and a line of JSON for each size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--home", type=Path, help="keep the store here, or take the one there")
    arguments.add_argument("--seconds", type=float, default=30)
    arguments.add_argument("--plot", type=Path)
    options = arguments.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as name:
        for size in sorted(options.sizes):
            home = options.home or Path(name)
            measured.append(asyncio.run(measure(home, size, options.seconds)))
            print(json.dumps(measured[-1]), file=sys.stderr)
    print(f"| {' | '.join(measured[0])} |\n|{'--:|' * len(measured[0])}")
    for figures in measured:
        print(f"| {' | '.join(f'{value:,.4g}' for value in figures.values())} |")
    if options.plot is not None:
        plot(options.plot, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
