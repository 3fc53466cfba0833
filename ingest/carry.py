"""Gives renamed documents, whose titles are their names, the vectors that they had before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from rag_core.catalog import vectors
from rag_core.catalog.audit import stored_vectors
from rag_core.catalog.changes import ChunkText, document_chunks
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.renames import Rename
from rag_core.documents import hash_text, indexed_text


async def carry_vectors(catalog: Catalog, collection: Collection, renames: Sequence[Rename]) -> int:
    """Store the vectors of their texts under the texts with the new titles, too; returns how many.

    The title is embedded with each chunk, so these vectors are near those of the texts and not
    the same: what that costs, and why all the same, is in `docs/decisions/0011-renames.md`.
    """
    by_id = {one.document_id: one for one in renames if one.reread}
    carried = 0
    async for chunks in document_chunks(catalog, list(by_id)):
        hashes: dict[bytes, list[bytes]] = {}
        for chunk in chunks:
            title = _new_title(chunk.title, by_id[chunk.document_id])
            if title is not None:
                hashes.setdefault(_hash(chunk, chunk.title), []).append(_hash(chunk, title))
        carried += await _copy(catalog, collection, hashes)
    return carried


async def _copy(catalog: Catalog, collection: Collection, hashes: dict[bytes, list[bytes]]) -> int:
    copied = 0
    async for stored in stored_vectors(catalog, collection, list(hashes)):
        pairs = {new: vectors.to_vector(stored[old]) for old in stored for new in hashes[old]}
        matrix = np.array(list(pairs.values()), np.float32)
        await vectors.save_vectors(catalog, collection.fingerprint, list(pairs), matrix)
        copied += len(pairs)
    return copied


def _new_title(title: str, rename: Rename) -> str | None:
    old, new = PurePath(rename.source), PurePath(rename.to)
    return {old.name: new.name, old.stem: new.stem}.get(title)


def _hash(chunk: ChunkText, title: str) -> bytes:
    return hash_text(indexed_text(title, chunk.heading_path, chunk.text))
