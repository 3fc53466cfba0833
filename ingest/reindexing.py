"""The command `ingest reindex`: a collection to another embedding model, or cut in another way."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ingest.alone import alone
from ingest.reindex import reindex_collection, roll_back
from ingest.reindex_report import Lines, as_result, summarise
from ingest.screen import Screen
from ingest.splitting import Wish
from ingest.takeover import Reindexed
from ingest.verify import Stores, open_stores
from rag_core.embedding import open_embedder
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Change:
    """What a collection is to become."""

    embedding: str | None
    """As EMBEDDING_MODEL, in its place; None takes that."""
    wish: Wish
    rollback: bool


async def reindex(
    settings: Settings, screen: Screen, *, collection: str | None, change: Change
) -> int:
    """Build a collection anew beside the live one and switch to it, or switch back."""
    started = time.monotonic()
    name = collection or settings.collection
    if change.embedding is not None:
        settings = settings.model_copy(update={"embedding_model": change.embedding})
    with alone(settings.home, name):
        async with open_stores(settings) as stores:
            done = await _reindex(settings, screen, stores, name, change)
    setting = (
        f"EMBEDDING_MODEL and EMBEDDING_PRECISION back to what made {done.now.fingerprint!r}"
        if change.rollback
        else f"EMBEDDING_MODEL={settings.embedding_model} and EMBEDDING_PRECISION="
        f"{settings.embedding_precision}"
    )
    seconds = round(time.monotonic() - started, 3)
    screen.show(as_result(done, seconds), summarise(done, seconds, setting=setting))
    return 0


async def _reindex(
    settings: Settings, screen: Screen, stores: Stores, name: str, change: Change
) -> Reindexed:
    progress = Lines(screen)
    if change.rollback:
        return await roll_back(stores, name, lambda: open_embedder(settings), progress)
    async with open_embedder(settings) as embedder:
        return await reindex_collection(stores, name, embedder, change.wish, progress)
