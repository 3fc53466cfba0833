"""Documents of one version of a collection to their twins in another: cut and embedded anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.embedded import embed_missing
from ingest.recut import recut
from ingest.verify import Stores
from rag_core.catalog import documents
from rag_core.catalog.versions import twin_ids
from rag_core.documents import indexed_texts
from rag_core.embedding import Embedder
from rag_core.tokens import TokenCounter, open_counter
from rag_core.vectors import upkeep

if TYPE_CHECKING:
    from rag_core.catalog.audit import StoredDocument
    from rag_core.catalog.collections import Collection


@dataclass(slots=True)
class Copied:
    """What has been done so far."""

    documents: int = 0
    """Copied into the other version."""
    total: int = 0
    """That there are, as far as is known."""
    embedded: int = 0
    """Texts that the embedding model saw."""
    reused: int = 0
    """Chunks whose vectors the catalog had already."""


Progress = Callable[[Copied], None]


@dataclass(frozen=True, slots=True)
class Copier:
    """Makes documents of one version live in another; may be killed at any moment."""

    stores: Stores
    embedder: Embedder
    counter: TokenCounter
    progress: Progress
    done: Copied

    async def copy(
        self, batch: Sequence[StoredDocument], here: Collection, there: Collection
    ) -> None:
        """Cut these documents as the other version is cut, embed what it lacks, publish them."""
        catalog, done = self.stores.catalog, self.done
        ids = twin_ids([document.id for document in batch], here, there)
        staged = await recut(batch, ids, counter=self.counter, splitting=there.splitting)
        texts = [text for one in staged for text in indexed_texts(one.document, one.chunks)]
        async for part in embed_missing(catalog, self.embedder, texts):
            done.embedded += part.embedded
            done.reused += part.reused
            self.progress(done)
        await documents.stage_documents(catalog, there, staged)
        await upkeep.publish(catalog, self.stores.vectors, there, ids)
        done.documents += len(batch)
        self.progress(done)


def make_copier(stores: Stores, embedder: Embedder, progress: Progress, done: Copied) -> Copier:
    """Count as the model does; what is done is added to `done`."""
    return Copier(stores, embedder, open_counter(embedder.tokenizer), progress, done)
