"""Documents per second of `ingest add` on the whole of SciFact, beside the tutorial's ingest.

Both programs, and our embedder alone on the very same chunks, run in turn in one session, so that
their ratios hold even where the machine's speed drifts. How to make the peer's Python is in
docs/performance.md.

    .venv/bin/python benchmarks/ingest.py --peer-python PEER/bin/python [--rounds 2] [--limit N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rag_core.catalog import changes, collections
from rag_core.catalog.engine import open_catalog
from rag_core.documents import indexed_text
from rag_core.embedding import open_embedder
from rag_core.settings import Settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "data" / "beir" / "scifact" / "corpus.jsonl"
TUTORIAL = SHARED / "tools" / "peers" / "tutorial_ingest.py"
INGEST = Path(sys.executable).parent / "ingest"
BATCH = 500


def write_files(folder: Path, limit: int | None) -> int:
    """One Markdown file an abstract, as a person would have them; returns how many."""
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()][:limit]
    for row in rows:
        title = re.sub(r"\s+", " ", row["title"])
        (folder / f"{row['_id']}.md").write_text(f"# {title}\n\n{row['text']}\n")
    return len(rows)


def run_ours(files: Path, home: Path) -> tuple[float, int]:
    """Seconds and chunks of `ingest add` into an empty store, the start of everything included."""
    environment = os.environ | {"RAG_HOME": str(home)}
    start = time.perf_counter()
    finished = subprocess.run(
        [INGEST, "add", files, "--json"], env=environment, check=True, capture_output=True
    )
    seconds = time.perf_counter() - start
    summary = json.loads(finished.stdout.splitlines()[-1])
    return seconds, summary["chunks"]


async def read_chunks(home: Path) -> list[str]:
    """The texts that were embedded, read back from the catalog."""
    async with open_catalog(Settings(RAG_HOME=home, _env_file=None).catalog_url) as catalog:
        collection = await collections.get_collection(catalog, "default")
        feed = await changes.read_changes(catalog, collection.id, after=0, limit=1_000_000)
        ids = [change.document_id for change in feed]
        return [
            indexed_text(chunk.title, chunk.heading_path, chunk.text)
            async for chunks in changes.document_chunks(catalog, ids)
            for chunk in chunks
        ]


async def time_embedder(texts: list[str], home: Path) -> float:
    """Seconds that our embedder alone takes for these texts."""
    async with open_embedder(Settings(RAG_HOME=home, _env_file=None)) as embedder:
        start = time.perf_counter()
        for first in range(0, len(texts), BATCH):
            await embedder.embed(texts[first : first + BATCH])
        return time.perf_counter() - start


def run_tutorial(python: Path, folder: Path, limit: int | None) -> tuple[float, int]:
    """Seconds and chunks of the tutorial's ingest; loading torch is not counted."""
    command = [python, TUTORIAL, CORPUS, folder, *([str(limit)] if limit else [])]
    finished = subprocess.run(command, check=True, capture_output=True)
    summary = json.loads(finished.stdout.splitlines()[-1])
    return summary["split_s"] + summary["embed_store_s"], summary["chunks"]


def run_round(peer_python: Path | None, limit: int | None) -> dict[str, float]:
    """Every contestant once, each in an empty folder; documents and chunks a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        documents = write_files(folder / "files", limit)
        seconds, chunks = run_ours(folder / "files", folder / "home")
        figures = {"ours documents/s": documents / seconds, "ours chunks/s": chunks / seconds}
        texts = asyncio.run(read_chunks(folder / "home"))
        figures["embedder alone chunks/s"] = chunks / asyncio.run(
            time_embedder(texts, folder / "home")
        )
        figures["share of the embedder"] = (
            figures["ours chunks/s"] / figures["embedder alone chunks/s"]
        )
        if peer_python is not None:
            seconds, chunks = run_tutorial(peer_python, folder / "chroma", limit)
            figures["tutorial documents/s"] = documents / seconds
            figures["tutorial chunks/s"] = chunks / seconds
            figures["ours / tutorial, documents/s"] = (
                figures["ours documents/s"] / figures["tutorial documents/s"]
            )
    return figures


def main() -> int:
    """Run the rounds and print a table of medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer-python", type=Path, help="a Python with the tutorial's packages")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--limit", type=int, help="documents of SciFact; all by default")
    options = arguments.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(run_round(options.peer_python, options.limit))
        print(f"round {number + 1}: {json.dumps(rounds[-1])}", file=sys.stderr)
    print("| figure | median | lowest | highest |\n|---|--:|--:|--:|")
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        print(
            f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
