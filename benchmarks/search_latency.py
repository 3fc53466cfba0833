"""Wall and CPU time of `search()` over many chunks, with callers who think between two questions.

The store is made up but shaped like a real one: each chunk speaks of one sentence of docs/, in
some of its words and the nearer to its vector. Catalog, lexical index, Chroma server and
embedding model are the real ones; the CPU time is that of this process, which holds what the API
process holds of a search.

    .venv/bin/python benchmarks/search_latency.py [--chunks 100000] [--home FOLDER] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import uvloop

from rag_core.catalog import chunks, collections, documents, vectors
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import StagedDocument
from rag_core.documents import Chunk, Document, hash_text, indexed_texts, new_document_id
from rag_core.index import Index, open_index
from rag_core.query import Query
from rag_core.search import search
from rag_core.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
COLLECTION = "default"
CHUNKS_PER_DOCUMENT = 20
DOCUMENTS_AT_ONCE = 100
TOPICS = 500
WORDS_PER_CHUNK = 150
WORDS_ASKED = 8
FAR, NEAR = 0.2, 0.9
"""Cosines of a chunk to its topic: a question's first and hundredth are as SciFact's then."""
ENDINGS = ("ab", "ek", "id", "om", "ur")
"""Make of each word of docs/ some rarer ones, or every chunk would hold what is asked for."""
CALLERS = 8
THINK_SECONDS = 0.2
TOP_K = 8
ROUNDS = 200

Generator = np.random.Generator


def read_sentences(home: Path) -> list[str]:
    """What a store was made of: the sentences of docs/ as they were when it was begun."""
    kept = home / "sentences.json"
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_find_sentences()))
    sentences: list[str] = json.loads(kept.read_text())
    return sentences


def _find_sentences() -> list[str]:
    """Those of docs/ that are long enough to be about something."""
    text = " ".join(path.read_text() for path in sorted(DOCS.rglob("*.md")))
    sentences = [" ".join(part.split()) for part in re.split(r"[.:;|]\s", text)]
    return [one for one in dict.fromkeys(sentences) if len(one.split()) >= WORDS_ASKED]


def make_questions(sentences: list[str]) -> list[str]:
    """Questions of some words in a row out of the store's topics, no two alike."""
    questions: dict[str, None] = {}
    for topic in sentences[:TOPICS]:
        words = re.findall(r"\w+", topic)
        for start in range(max(1, len(words) - WORDS_ASKED)):
            asked = " ".join(words[start : start + WORDS_ASKED])
            questions[f"what about {asked}?"] = None
    generator = np.random.default_rng(1)
    return [str(one) for one in generator.permutation(list(questions))]


def make_document(texts: list[str]) -> StagedDocument:
    """A document whose chunks are these texts."""
    pieces, start = [], 0
    for text in texts:
        pieces.append(Chunk(start, start + len(text), text, len(text.split())))
        start += len(text) + 1
    identity, whole = new_document_id(), " ".join(texts)
    document = Document(f"/made-up/{identity}", "Made up", whole, "text/plain", "plain")
    return StagedDocument(identity, document, tuple(pieces), hash_text(whole), len(whole))


def make_batches(
    sentences: list[str], topics: np.ndarray, count: int, generator: Generator
) -> Iterator[tuple[list[StagedDocument], np.ndarray]]:
    """Documents with one vector a chunk, until there are `count` chunks."""
    common = re.findall(r"[a-z]+", " ".join(sentences).lower())
    rare = [f"{word}{ending}" for word in common for ending in ENDINGS]
    words = np.array(common * len(ENDINGS) + rare * 2)
    size = CHUNKS_PER_DOCUMENT * DOCUMENTS_AT_ONCE
    for start in range(0, count, size):
        chosen = generator.integers(len(topics), size=min(size, count - start))
        near = generator.random(len(chosen))
        texts = [
            " ".join([*some_words(sentences[topic], share, generator), *row])
            for topic, share, row in zip(
                chosen, near, generator.choice(words, (len(chosen), WORDS_PER_CHUNK)), strict=True
            )
        ]
        cuts = range(0, len(texts), CHUNKS_PER_DOCUMENT)
        made = [make_document(texts[cut : cut + CHUNKS_PER_DOCUMENT]) for cut in cuts]
        yield made, make_vectors(topics[chosen], near, generator)


def some_words(sentence: str, share: float, generator: Generator) -> list[str]:
    """Some of the words of a sentence: at most this share."""
    words = sentence.split()
    kept = generator.random(len(words)) < share * generator.random()
    return [word for word, keep in zip(words, kept, strict=True) if keep]


def make_vectors(centres: np.ndarray, near: np.ndarray, generator: Generator) -> np.ndarray:
    """One unit vector a centre, from 0 to 1 as near to it as `near` says."""
    noise = generator.standard_normal(centres.shape, np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    cosines = (FAR + (NEAR - FAR) * near)[:, None].astype(np.float32)
    matrix = centres + noise * np.sqrt(1 / cosines**2 - 1)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


def no_metadata(_: int) -> dict[str, str]:
    """Say nothing of a document."""
    return {}


async def fill(
    index: Index,
    sentences: list[str],
    count: int,
    *,
    describe: Callable[[int], dict[str, str]] = no_metadata,
) -> Collection:
    """Put in what is missing to so many chunks, as an ingest would; returns the collection then.

    `describe` gives the metadata of a document by its number.
    """
    embedder, catalog = index.embedder, index.catalog
    collection = await collections.ensure_collection(
        catalog, COLLECTION, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )
    held = await chunks.count_live_chunks(catalog, collection)
    await index.vectors.create(collection.vector_index)
    topics = await embedder.embed(sentences[:TOPICS])
    numbers = itertools.count(held // CHUNKS_PER_DOCUMENT)
    generator = np.random.default_rng(1 + held)
    for made, matrix in make_batches(sentences, topics, count - held, generator):
        staged = [replace(one, metadata=describe(next(numbers))) for one in made]
        texts = [text for one in staged for text in indexed_texts(one.document, one.chunks)]
        keys = list(map(hash_text, texts))
        ids = [one.id for one in staged]
        await vectors.save_vectors(catalog, embedder.fingerprint, keys, matrix)
        await documents.stage_documents(catalog, collection, staged)
        rows = [
            documents.chunk_id(one.id, position)
            for one in staged
            for position in range(len(one.chunks))
        ]
        await index.vectors.add(collection.vector_index, rows, matrix)
        await documents.publish_documents(catalog, collection, ids)
        held += len(rows)
        print(f"\r{held:,} chunks", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    collection = await collections.get_collection(catalog, COLLECTION)
    await index.lexical.follow(catalog, collection)
    return collection


async def time_callers(
    ask: Callable[[str], Awaitable[object]], questions: Sequence[str], seconds: float
) -> list[float]:
    """Wall time of each question, in seconds, while callers ask and think in turn."""
    walls: list[float] = []
    asked = iter(list(questions) * 1000)
    end = time.perf_counter() + seconds

    async def call(number: int) -> None:
        await asyncio.sleep(THINK_SECONDS * number / CALLERS)
        while time.perf_counter() < end:
            start = time.perf_counter()
            await ask(next(asked))
            walls.append(time.perf_counter() - start)
            await asyncio.sleep(THINK_SECONDS)

    await asyncio.gather(*(call(number) for number in range(CALLERS)))
    return walls


async def measure_callers(index: Index, questions: list[str], seconds: float) -> dict[str, float]:
    """Wall time of each search and CPU time of all, while callers ask and think in turn."""
    cpu = time.process_time()
    walls = await time_callers(
        lambda question: search(index, COLLECTION, Query(question, TOP_K)), questions, seconds
    )
    cpu = time.process_time() - cpu
    cuts = statistics.quantiles(walls, n=100)
    return {
        "searches": len(walls),
        "p50_ms": cuts[49] * 1e3,
        "p99_ms": cuts[98] * 1e3,
        "cpu_ms": cpu / len(walls) * 1e3,
    }


async def measure_part(work: Callable[[str], Awaitable[object]], questions: list[str]) -> float:
    """Milliseconds of CPU of one call, one call at a time."""
    cpu = time.process_time()
    for question in questions[:ROUNDS]:
        await work(question)
    return (time.process_time() - cpu) / len(questions[:ROUNDS]) * 1e3


async def measure_parts(
    index: Index, collection: Collection, questions: list[str]
) -> dict[str, float]:
    """CPU time by part; what the parts leave of the whole is the catalog and our own code."""
    vector = (await index.embedder.embed(questions[:1]))[0]
    parts: dict[str, Callable[[str], Awaitable[object]]] = {
        "embedding": lambda question: index.embedder.embed([question]),
        "lexical": lambda question: index.lexical.search(collection, question, 100),
        "chroma": lambda _: index.vectors.query(collection.vector_index, vector, 100),
        "whole": lambda question: search(index, COLLECTION, Query(question, TOP_K)),
    }
    return {f"{name}_cpu_ms": await measure_part(work, questions) for name, work in parts.items()}


async def run(home: Path, options: argparse.Namespace) -> dict[str, float]:
    """Open or fill the store and measure everything once."""
    sentences = read_sentences(home)
    questions = make_questions(sentences)
    async with open_index(Settings(RAG_HOME=home, _env_file=None)) as index:
        start = time.perf_counter()
        collection = await fill(index, sentences, options.chunks)
        print(f"filled in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        await measure_callers(index, questions, 3)  # caches and connections get warm
        figures = await measure_callers(index, questions, options.seconds)
        return figures | await measure_parts(index, collection, questions)


def main() -> int:
    """Print the figures as JSON and as a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--chunks", type=int, default=100_000)
    arguments.add_argument("--home", type=Path, help="keep the store here, or take the one there")
    arguments.add_argument("--seconds", type=float, default=30)
    options = arguments.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        asyncio.Runner(
            loop_factory=uvloop.new_event_loop  # as uvicorn has it
        ) as runner,
    ):
        figures = runner.run(run(options.home or Path(name), options))
    print(json.dumps(figures))
    print("| figure | measured |\n|---|--:|")
    for name, value in figures.items():
        print(f"| {name} | {value:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
