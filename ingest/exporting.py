"""A collection, as it is at one moment, to a bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

from ingest.bundle import (
    DOCUMENTS,
    MANIFEST,
    VECTORS,
    Manifest,
    numpy_header,
)
from ingest.packing import BundleWriter, MemberWriter, write_bundle
from rag_core.catalog.audit import (
    Readable,
    StoredDocument,
    is_whole,
    stored_documents,
    stored_vectors,
)
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.storable import storable
from rag_core.errors import BundleError
from rag_core.threads import to_its_end

_HASH_BYTES = 32
_VECTORS = 1_000


@dataclass(slots=True)
class _Packed:
    """What has gone into the bundle, and the hash of each chunk's vector in a file, in order."""

    hashes: IO[bytes]
    documents: int = 0
    chunks: int = 0


async def export_collection(
    catalog: Catalog, collection: Collection, file: Path, *, overwrite: bool
) -> Manifest:
    """Write a collection's live documents and their vectors to a file, in bounded memory.

    Raises:
        BundleError: the file cannot be written, or the collection has a fault that `verify` finds.
        CatalogUnavailableError: the database does not answer.
    """
    with write_bundle(file, overwrite=overwrite) as writer, tempfile.TemporaryFile() as hashes:
        packed = _Packed(hashes)
        async with catalog.snapshot() as then:
            await _pack_documents(then, collection, writer, packed)
            await _pack_vectors(then, collection, writer, packed)
        manifest = Manifest(
            made_at=datetime.now(UTC),
            collection=collection.name,
            fingerprint=collection.fingerprint,
            splitting=collection.splitting,
            least_score=collection.least_score,
            dimension=collection.dimension,
            documents=packed.documents,
            chunks=packed.chunks,
            members=writer.members,
        )
        with writer.member(MANIFEST) as member:
            member.write(manifest.model_dump_json(indent=1).encode())
    return manifest


async def _pack_documents(
    catalog: Readable, collection: Collection, writer: BundleWriter, packed: _Packed
) -> None:
    with writer.member(DOCUMENTS) as member:
        async for batch in stored_documents(catalog, collection):
            await to_its_end(_pack, batch, member, packed)


def _pack(batch: Sequence[StoredDocument], member: MemberWriter, packed: _Packed) -> None:
    for document in batch:
        member.write(orjson.dumps(_line(document)) + b"\n")
        for chunk in document.chunks:
            packed.hashes.write(chunk.vector_hash)
        packed.documents += 1
        packed.chunks += len(document.chunks)


def _line(document: StoredDocument) -> dict[str, object]:
    """A document as a BundledDocument has it; without its chunks' texts, which are its own."""
    for chunk in document.chunks:
        whole = len(chunk.vector_hash) == _HASH_BYTES
        if not whole or document.text[chunk.start : chunk.end] != chunk.text:
            raise BundleError(f"chunk {chunk.id!r} cannot be exported: see 'ingest verify'")
    return {
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "content_hash": document.content_hash.hex(),
        "size_bytes": document.size_bytes,
        "metadata": {storable(key): storable(text) for key, text in document.metadata.items()},
        "text": document.text,
        "page_starts": document.page_starts,
        "markup": document.markup,
        "language": document.language,
        "chunks": [
            {
                "start": chunk.start,
                "end": chunk.end,
                "page": chunk.page,
                "heading_path": tuple(map(storable, chunk.heading_path)),
                "tokens": chunk.tokens,
            }
            for chunk in document.chunks
        ],
    }


async def _pack_vectors(
    catalog: Readable, collection: Collection, writer: BundleWriter, packed: _Packed
) -> None:
    packed.hashes.seek(0)
    with writer.member(VECTORS) as member:
        member.write(numpy_header(packed.chunks, collection.dimension))
        while joined := packed.hashes.read(_VECTORS * _HASH_BYTES):
            keys = [joined[at : at + _HASH_BYTES] for at in range(0, len(joined), _HASH_BYTES)]
            rows = await _read_rows(catalog, collection, keys)
            await to_its_end(member.write, b"".join(rows))


async def _read_rows(
    catalog: Readable, collection: Collection, keys: Sequence[bytes]
) -> list[bytes]:
    found: dict[bytes, bytes] = {}
    async for part in stored_vectors(catalog, collection, list(set(keys))):
        found |= part
    rows = [found.get(key, b"") for key in keys]
    if not all(is_whole(row, collection.dimension) for row in rows):
        raise BundleError(
            f"collection {collection.name!r} cannot be exported: vectors are missing from the "
            "catalog: run 'ingest repair' first"
        )
    return rows
