"""The lexical index of each collection, kept in step with the catalog; the door of this room."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Hashable, Sequence
from pathlib import Path

from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.lexical.feed import catch_up, make_anew
from rag_core.lexical.folder import index_errors, index_folder
from rag_core.lexical.reader import Matches, Reader, read_stamp
from rag_core.locks import in_turn, try_lock


class Lexical:
    """BM25 over the collections under `home`: one process at a time writes each, all may read.

    All methods raise LexicalUnavailableError when an index cannot be read.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._readers: dict[int, Reader] = {}

    async def search(
        self, collection: Collection, query: str, k: int, *, only: Sequence[str] | None = None
    ) -> Matches:
        """Find the at most k chunks of highest BM25; `only` names the documents they may be of."""
        return await asyncio.to_thread(self._reader(collection).search, query, k, only=only)

    def commit(self, collection: Collection) -> Hashable:
        """Tell one commit of the index from another; cheap enough for an event loop."""
        return read_stamp(index_folder(self._home, collection.id))

    async def scores(self, matches: Matches, chunk_ids: Sequence[str]) -> dict[str, float]:
        """Score other chunks for the same query; one not in the index is left out."""
        return await asyncio.to_thread(matches.scores, chunk_ids) if chunk_ids else {}

    async def follow(self, catalog: Catalog, collection: Collection) -> int:
        """Apply what the catalog's change feed has and the index has not.

        An index that cannot be read, or that followed another feed, is made anew. When another
        process is at it, nothing is applied. May be killed at any moment, and run again.

        Returns:
            The sequence number that the index has reached.

        Raises:
            LexicalUnavailableError: it cannot be written.
        """
        reader, folder = self._reader(collection), index_folder(self._home, collection.id)
        with index_errors("written"):
            # Not in a thread: a lock that is taken after a cancellation would never be let go.
            lock = try_lock(folder.with_suffix(".lock"))
        if lock is None:
            reached = await asyncio.to_thread(reader.reached)
            return reached.seq if reached else 0
        try:
            return await catch_up(catalog, collection, folder=folder, reader=reader)
        finally:
            os.close(lock)

    async def rebuild(self, catalog: Catalog, collection: Collection) -> int:
        """Make an index anew from the live documents; searches see the old one until it is whole.

        Waits for another process that is at it. May be killed at any moment.

        Returns:
            The sequence number that the index has reached.

        Raises:
            LexicalUnavailableError: it cannot be written.
        """
        folder = index_folder(self._home, collection.id)
        with index_errors("written"):
            async with in_turn(folder.with_suffix(".lock")):
                return await make_anew(catalog, collection, folder=folder)

    async def drop(self, collection: Collection) -> None:
        """Remove the index of a collection that is deleted."""
        folder = index_folder(self._home, collection.id)
        self._readers.pop(collection.id, None)
        with index_errors("written"):
            async with in_turn(folder.with_suffix(".lock")):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def held(self, collection: Collection, chunk_ids: Sequence[str]) -> list[str]:
        """Which of these chunks the index has, each as often as it has it."""
        return await asyncio.to_thread(self._reader(collection).held, chunk_ids)

    async def size(self, collection: Collection) -> int:
        """How many chunks the index has."""
        return await asyncio.to_thread(self._reader(collection).size)

    def _reader(self, collection: Collection) -> Reader:
        if collection.id not in self._readers:
            self._readers[collection.id] = Reader(index_folder(self._home, collection.id))
        return self._readers[collection.id]
