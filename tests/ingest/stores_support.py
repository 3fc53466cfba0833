"""Short ways to fill the three stores, and to damage them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text

from ingest.findings import Finding
from ingest.verify import Stores, verify_collection
from rag_core.catalog import collections, vectors
from rag_core.catalog.collections import Collection
from rag_core.vectors import upkeep
from tests.fakes import WordEmbedder, stage

TEXTS = {
    "cat": "A cat sleeps.\n\nA cat hunts mice.",
    "dog": "A dog barks.\n\nA dog digs.\n\nA dog eats.",
    "owl": "An owl flies.",
}
CHUNKS = 6


@dataclass(frozen=True)
class Filled:
    """The stores, with a collection of `TEXTS`."""

    stores: Stores
    ids: dict[str, str]
    """Document ids by source."""

    async def collection(self) -> Collection:
        return await collections.get_collection(self.stores.catalog, "animals")

    async def execute(self, statement: str, **values: object) -> None:
        async with self.stores.catalog.writing() as connection:
            await connection.execute(text(statement), values)

    async def save_vectors(self, hashes: Sequence[bytes]) -> None:
        matrix = np.ones((len(hashes), WordEmbedder.dimension), np.float32)
        await vectors.save_vectors(self.stores.catalog, WordEmbedder.fingerprint, hashes, matrix)

    async def findings(self) -> dict[str, Finding]:
        verdict = await verify_collection(self.stores, "animals")
        return {finding.check: finding for finding in verdict.findings}


async def fill(stores: Stores, name: str = "animals") -> dict[str, str]:
    """Publish `TEXTS` in all three stores; returns the documents' ids by source."""
    collection = await collections.ensure_collection(
        stores.catalog,
        name,
        fingerprint=WordEmbedder.fingerprint,
        dimension=WordEmbedder.dimension,
    )
    ids = await stage(stores.catalog, collection, WordEmbedder(), TEXTS)
    await upkeep.publish(stores.catalog, stores.vectors, collection, ids)
    await stores.lexical.follow(stores.catalog, collection)
    return dict(zip(TEXTS, ids, strict=True))
