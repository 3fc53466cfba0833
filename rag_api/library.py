"""What the routes read documents from: passages for a query, collections, documents, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from rag_api.requests import CollectionView, DocumentView, SourceView
from rag_core.catalog.originals import Original
from rag_core.catalog.stretches import Stretch
from rag_core.query import Found, Query


class Library(Protocol):
    """The documents that questions are answered from."""

    async def search(self, query: Query, *, collections: Mapping[str, float]) -> Found:
        """Find what fits best in these collections, each with its weight.

        Raises CollectionNotFoundError.
        """

    async def read_stretches(self, wanted: Sequence[Stretch]) -> Sequence[str | None]:
        """Parts of documents' texts, in the same order; None of a version that is gone."""

    async def read_vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Vectors of length one, by chunk id, of those chunks that are still there."""

    async def list_collections(self) -> Sequence[CollectionView]:
        """All of them, by name."""

    async def read_document(self, document_id: str) -> DocumentView:
        """One live document with its text; raises DocumentNotFoundError."""

    async def read_original(self, document_id: str) -> Original:
        """Which file one live document was read from; raises DocumentNotFoundError."""

    async def read_source(self, chunk_id: str) -> SourceView:
        """One chunk of a live document; raises DocumentNotFoundError."""

    async def remove_document(self, document_id: str) -> None:
        """Hide one live document for good; raises DocumentNotFoundError."""
