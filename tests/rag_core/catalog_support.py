"""Short ways to fill a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise

from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import StagedDocument
from rag_core.catalog.engine import Catalog
from rag_core.documents import Chunk, Document, hash_text, new_document_id
from tests.fakes import WordEmbedder, stage

EMBEDDER = WordEmbedder()


async def make_collection(catalog: Catalog, name: str = "default") -> Collection:
    return await collections.ensure_collection(
        catalog, name, fingerprint=EMBEDDER.fingerprint, dimension=EMBEDDER.dimension
    )


async def stage_texts(catalog: Catalog, collection: Collection, **texts: str) -> list[str]:
    return await stage(catalog, collection, EMBEDDER, texts)


async def publish_texts(catalog: Catalog, collection: Collection, **texts: str) -> list[str]:
    ids = await stage_texts(catalog, collection, **texts)
    await documents.publish_documents(catalog, collection, ids)
    return ids


def make_document(
    source: str, *parts: str, metadata: Mapping[str, str] | None = None
) -> StagedDocument:
    """A document whose parts are its chunks, each on a page of its own."""
    text = "".join(parts)
    starts = (0, *accumulate(map(len, parts)))
    chunks = [
        Chunk(start, end, text[start:end], 1, page, ("Part", str(page)))
        for page, (start, end) in enumerate(pairwise(starts), start=1)
    ]
    document = Document(source, "A title", text, "application/pdf", "plain", starts[:-1])
    return StagedDocument(
        new_document_id(), document, tuple(chunks), hash_text(text), len(text), metadata or {}
    )


class CountingCatalog(Catalog):
    """A catalog that counts the rows it gives."""

    def __init__(self, catalog: Catalog) -> None:
        self.__dict__.update(vars(catalog))
        self.rows_read = 0

    async def rows(self, *arguments: object) -> object:  # type: ignore[override]
        found = await super().rows(*arguments)  # type: ignore[arg-type]
        self.rows_read += len(found)
        return found
