"""Short ways to sync a folder into a real index, and to hold the one against the other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ingest.contents import Contents
from ingest.guard import read_guard
from ingest.load import load_document
from ingest.mirror import Mirror
from ingest.pipeline import Order
from ingest.plan import Plan, plan_paths
from ingest.report import Tally
from ingest.sync import Outcome, Run, sync
from ingest.verify import Stores, verify_collection
from rag_core.catalog import audit, collections
from rag_core.documents import indexed_text
from rag_core.index import Index
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
    async def plan() -> Plan:
        return plan_paths(folders)

    return Mirror(Order("notes", metadata), list(map(str, folders)), plan, read_guard(guard))


async def mirror_folders(
    index: Index,
    *folders: Path,
    guard: str | None = "100%",
    metadata: Mapping[str, str] | None = None,
    stop: asyncio.Event | None = None,
) -> Outcome:
    mirror = make_mirror(*folders, guard=guard, metadata=metadata)
    return await sync(index, mirror, Contents(), Run(no_progress, stop or asyncio.Event()))


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
