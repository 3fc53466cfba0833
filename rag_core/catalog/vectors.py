"""The cache of vectors: by embedding model and hash of the indexed text, for all collections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import delete, select, text

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import batched

_table = tables.vectors
_STORED = np.dtype("<f4")
# As text, since SQLAlchemy has ON CONFLICT for each database apart, and this suits both.
_SAVE = text(
    "INSERT INTO vectors (fingerprint, hash, vector) VALUES (:fingerprint, :hash, :vector)"
    " ON CONFLICT (fingerprint, hash) DO NOTHING"
)


def to_vector(stored: bytes) -> np.ndarray:
    """Read a vector as it is stored, without a copy: it may not be written to."""
    return np.frombuffer(stored, _STORED)


async def has_vectors(catalog: Catalog, fingerprint: str, hashes: Sequence[bytes]) -> set[bytes]:
    """Tell for which hashes this model made vectors already."""
    found: set[bytes] = set()
    async with catalog.reading() as connection:
        for part in batched(hashes):
            query = select(_table.c.hash).where(
                _table.c.fingerprint == fingerprint, _table.c.hash.in_(part)
            )
            found.update(await connection.scalars(query))
    return found


async def save_vectors(
    catalog: Catalog, fingerprint: str, hashes: Sequence[bytes], matrix: np.ndarray
) -> None:
    """Store one vector a row, in the order of the hashes; those that are there stay as they are."""
    rows = _rows(fingerprint, hashes, matrix)
    if not rows:
        return
    async with catalog.writing() as connection:
        await connection.execute(_SAVE, rows)


async def replace_vectors(
    catalog: Catalog, fingerprint: str, hashes: Sequence[bytes], matrix: np.ndarray
) -> None:
    """Store vectors, as `save_vectors` does, in place of any that are there."""
    rows = _rows(fingerprint, hashes, matrix)
    async with catalog.writing() as connection:
        for part in batched(hashes):
            old = delete(_table).where(_table.c.fingerprint == fingerprint, _table.c.hash.in_(part))
            await connection.execute(old)
        await connection.execute(_SAVE, rows)


def _rows(fingerprint: str, hashes: Sequence[bytes], matrix: np.ndarray) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"fingerprint": fingerprint, "hash": key, "vector": vector.tobytes()}
        # In order, or two writers that share some of them may each wait for the other.
        for key, vector in sorted(
            zip(hashes, matrix.astype(_STORED, copy=False), strict=True), key=lambda pair: pair[0]
        )
    ]
    return rows
