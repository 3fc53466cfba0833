"""Opens what an estimate is made with: the catalog, the model, and parsers that cut as wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingest.cutting import default_splitting
from ingest.estimate import Sampler
from ingest.mirror import find_collection
from ingest.pipeline import Order
from ingest.sandbox import open_sandbox
from rag_core.catalog.engine import open_catalog
from rag_core.embedding import open_embedder
from rag_core.settings import Settings
from rag_core.tokens import open_counter


@asynccontextmanager
async def open_sampler(settings: Settings, order: Order) -> AsyncIterator[Sampler]:
    """Open all parts but the indexes; a collection that is not there yet is not made.

    Raises:
        RagError: the collection is of another model, or something does not answer.
    """
    async with open_catalog(settings.catalog_url) as catalog, open_embedder(settings) as embedder:
        collection = await find_collection(
            catalog, order.collection, fingerprint=embedder.fingerprint
        )
        own = default_splitting(embedder) if collection is None else collection.splitting
        counter = open_counter(embedder.tokenizer, cache_dir=settings.tiktoken_cache_dir)
        async with open_sandbox(
            tokenizer=embedder.tokenizer,
            splitting=order.splitting.over(own),
            passwords=order.passwords,
        ) as sandbox:
            yield Sampler(catalog, collection, embedder, sandbox, counter)
