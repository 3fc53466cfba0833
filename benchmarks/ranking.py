"""nDCG@10 of `search()` over sets of documents with judged queries, and of each half alone.

A set is a folder with `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`, as BEIR lays them out.
Its documents go through our splitter, model and indexes; a document is as good as its best chunk.

    .venv/bin/python -m benchmarks.ranking FOLDER... [--home FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.split import split_document
from rag_core.catalog import chunks, collections, documents, vectors
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import StagedDocument
from rag_core.documents import Document, hash_text, indexed_texts, new_document_id
from rag_core.index import Index, open_index
from rag_core.query import Query
from rag_core.search import embed_query, search_collection
from rag_core.settings import Settings
from rag_core.tokens import open_counter

DEPTH = 10
CHUNKS = 60
"""Enough for ten documents."""
AT_ONCE = 200
WAYS = ("dense", "words", "ours")


@dataclass(frozen=True, slots=True)
class Judged:
    """One set."""

    name: str
    texts: dict[str, Document]
    queries: dict[str, str]
    relevant: dict[str, dict[str, int]]
    """Of each query, the documents and how relevant each is."""


def read_set(folder: Path) -> Judged:
    """Read a set; queries that nobody judged are left out."""
    texts = {
        row["_id"]: Document(row["_id"], row.get("title", ""), row["text"], "text/plain", "plain")
        for row in map(json.loads, (folder / "corpus.jsonl").open())
    }
    relevant: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / "test.tsv").open() as lines:
        for query, document, score in list(csv.reader(lines, delimiter="\t"))[1:]:
            relevant.setdefault(query, {})[document] = int(score)
    asked = map(json.loads, (folder / "queries.jsonl").open())
    queries = {row["_id"]: row["text"] for row in asked if row["_id"] in relevant}
    return Judged(folder.name, texts, queries, relevant)


async def fill(index: Index, judged: Judged) -> Collection:
    """Put a set's documents where an ingest would put them, unless they are there."""
    embedder, catalog = index.embedder, index.catalog
    collection = await collections.ensure_collection(
        catalog, judged.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )
    await index.vectors.create(collection.vector_index)
    texts = list(judged.texts.values()) if collection.seq == 0 else []
    for start in range(0, len(texts), AT_ONCE):
        await publish(index, collection, texts[start : start + AT_ONCE])
    collection = await collections.get_collection(catalog, judged.name)
    await index.lexical.follow(catalog, collection)
    return collection


async def publish(index: Index, collection: Collection, texts: Sequence[Document]) -> None:
    """Cut, embed and publish some documents."""
    catalog, model = index.catalog, index.embedder.fingerprint
    counter = open_counter(index.embedder.tokenizer)
    staged = [
        StagedDocument(new_document_id(), one, cut, hash_text(one.text), len(one.text))
        for one in texts
        if (cut := split_document(one, counter))
    ]
    indexed = [text for one in staged for text in indexed_texts(one.document, one.chunks)]
    keys = [hash_text(text) for text in indexed]
    known = await vectors.has_vectors(catalog, model, keys)
    fresh = {key: text for key, text in zip(keys, indexed, strict=True) if key not in known}
    matrix = await index.embedder.embed(list(fresh.values()))
    await vectors.save_vectors(catalog, model, list(fresh), matrix)
    await documents.stage_documents(catalog, collection, staged)
    ids = [one.id for one in staged]
    async for chunk_ids, rows in chunks.chunk_vectors(catalog, collection, ids):
        await index.vectors.add(collection.vector_index, chunk_ids, rows)
    await documents.publish_documents(catalog, collection, ids)


async def rank(index: Index, collection: Collection, text: str) -> tuple[list[str], ...]:
    """The sources that each of the ways finds, best first."""
    query = Query(text, CHUNKS)
    vector = await embed_query(index, query)
    found = await search_collection(index, collection, query, vector)
    nearest = await index.vectors.query(collection.vector_index, vector, CHUNKS)
    words = (await index.lexical.search(collection, text, CHUNKS)).best
    ids = [chunk_id for chunk_id, _ in [*nearest, *words]]
    source = {
        row.chunk_id: row.source for row in await chunks.load_passage_rows(index.catalog, ids)
    }
    return (
        [source[one] for one, _ in nearest],
        [source[one] for one, _ in words],
        [passage.source for passage in found.passages],
    )


def ndcg(sources: list[str], relevant: dict[str, int]) -> float:
    """Of the first ten documents, with linear gains as trec_eval has them."""
    best = list(dict.fromkeys(sources))[:DEPTH]
    ideal = sorted(relevant.values(), reverse=True)[:DEPTH]
    return _gain([relevant.get(one, 0) for one in best]) / _gain(ideal)


def _gain(scores: list[int]) -> float:
    return sum(score / math.log2(place + 2) for place, score in enumerate(scores))


async def measure(index: Index, judged: Judged) -> list[float]:
    """Mean nDCG@10 of each of the ways."""
    collection = await fill(index, judged)
    totals = [0.0] * len(WAYS)
    for query, text in judged.queries.items():
        for place, sources in enumerate(await rank(index, collection, text)):
            totals[place] += ndcg(sources, judged.relevant[query])
    return [total / len(judged.queries) for total in totals]


async def run(folders: list[Path], home: Path) -> None:
    """Print one row a set."""
    print(f"| set | {' | '.join(WAYS)} |\n|---|{'--:|' * len(WAYS)}")
    async with open_index(Settings(RAG_HOME=home, _env_file=None)) as index:
        for folder in folders:
            figures = await measure(index, read_set(folder))
            cells = " | ".join(f"{figure:.4f}" for figure in figures)
            print(f"| {folder.name} | {cells} |", flush=True)


def main() -> int:
    """Print the figures as a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folders", type=Path, nargs="+")
    arguments.add_argument("--home", type=Path, help="keep the store here, or take the one there")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(options.folders, options.home or Path(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
