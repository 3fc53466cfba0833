"""Short ways to sync a folder into a real index, and to hold the one against the other."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ingest.guard import read_guard
from ingest.load import load_document
from ingest.mirror import Mirror
from ingest.pipeline import Order
from ingest.plan import Plan, plan_paths
from ingest.report import Tally
from ingest.split import split_document
from ingest.sync import sync
from ingest.synced import Outcome, Run
from ingest.verify import Stores, verify_collection
from rag_core.catalog import audit, collections, documents, vectors
from rag_core.catalog.documents import StagedDocument
from rag_core.documents import hash_text, indexed_text, indexed_texts, new_document_id
from rag_core.index import Index
from rag_core.tokens import open_counter
from rag_core.vectors import upkeep
from tests.fakes import WordEmbedder


class RememberingEmbedder(WordEmbedder):
    """Remembers the texts that it saw."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return await super().embed(texts)


def no_progress(tally: Tally) -> None:
    """Look away."""


def make_mirror(
    *folders: Path, guard: str | None = "100%", metadata: Mapping[str, str] | None = None
) -> Mirror:
    @asynccontextmanager
    async def plan() -> AsyncIterator[Plan]:
        yield plan_paths(folders)

    return Mirror(Order("notes", metadata), list(map(str, folders)), plan, read_guard(guard))


async def mirror_folders(
    index: Index,
    *folders: Path,
    guard: str | None = "100%",
    metadata: Mapping[str, str] | None = None,
    stop: asyncio.Event | None = None,
) -> Outcome:
    mirror = make_mirror(*folders, guard=guard, metadata=metadata)
    return await sync(index, mirror, Run(no_progress, stop or asyncio.Event()))


def read_bytes(source: str) -> bytes:
    return Path(source).read_bytes()


async def publish_files(
    index: Index, *paths: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Do what a first sync does, without worker processes: they take longer than all the rest."""
    embedder, counter = index.embedder, open_counter(index.embedder.tokenizer)
    collection = await collections.ensure_collection(
        index.catalog, "notes", fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )
    staged, texts = [], []
    for file in plan_paths(paths).files:
        content = read_bytes(file.source)
        document = load_document(Path(file.source), source=file.source)
        chunks = split_document(document, counter)
        digest = hashlib.sha256(content).digest()
        one = (new_document_id(), document, chunks, digest, len(content), metadata or {})
        staged.append(StagedDocument(*one))
        texts += indexed_texts(document, chunks)
    hashes, matrix = list(map(hash_text, texts)), await embedder.embed(texts)
    await vectors.save_vectors(index.catalog, embedder.fingerprint, hashes, matrix)
    await documents.stage_documents(index.catalog, collection, staged)
    ids = [one.id for one in staged]
    await upkeep.publish(index.catalog, index.vectors, collection, ids)
    await index.lexical.follow(index.catalog, collection)


@dataclass
class Held:
    """What a collection holds, as a reader sees it."""

    index: Index
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Title and text by source."""
    metadata: dict[str, Mapping[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)
    """The texts that were embedded for it."""

    async def read(self) -> Held:
        collection = await collections.get_collection(self.index.catalog, "notes")
        async for batch in audit.stored_documents(self.index.catalog, collection):
            for one in batch:
                self.texts[one.source] = (one.title, one.text)
                self.metadata[one.source] = one.metadata
                self.ids[one.source] = one.id
                for chunk in one.chunks:
                    self.indexed.add(indexed_text(one.title, chunk.heading_path, chunk.text))
        return self


async def read_held(index: Index) -> Held:
    return await Held(index).read()


def read_folder(*folders: Path) -> dict[str, tuple[str, str]]:
    """Title and text of each file, by source, as a fresh ingest has them."""
    loaded = {}
    for file in plan_paths(folders).files:
        document = load_document(Path(file.source), source=file.source)
        loaded[file.source] = (document.title, document.text)
    return loaded


async def find_faults(index: Index) -> list[str]:
    """What `ingest verify` says of the collection."""
    stores = Stores(index.catalog, index.vectors, index.lexical)
    return [one.detail for one in (await verify_collection(stores, "notes")).findings]


def remembering(index: Index) -> tuple[Index, RememberingEmbedder]:
    embedder = RememberingEmbedder()
    return replace(index, embedder=embedder), embedder
