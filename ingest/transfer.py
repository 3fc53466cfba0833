"""The commands that move a collection between machines: export and import."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from ingest.bundle import Bundle, open_bundle
from ingest.exporting import export_collection
from ingest.importing import import_bundle
from ingest.screen import Screen
from ingest.verify import open_stores
from rag_core.catalog import collections
from rag_core.catalog.engine import open_catalog
from rag_core.embedding import open_embedder
from rag_core.errors import BundleError
from rag_core.settings import Settings


async def export(
    settings: Settings, screen: Screen, *, file: Path, collection: str | None, overwrite: bool
) -> int:
    """Write a collection to a file."""
    started = time.monotonic()
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        manifest = await export_collection(catalog, stored, file, overwrite=overwrite)
    result = {
        "collection": stored.name,
        "file": str(file),
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "size_bytes": _size_bytes(file),
        "seconds": round(time.monotonic() - started, 3),
    }
    counts = f"{manifest.documents:,} documents, {manifest.chunks:,} chunks"
    size = f"{result['size_bytes']:,} bytes in {result['seconds']} s"
    screen.show(result, [f"{stored.name}: {counts} to {file}, {size}"])
    return 0


async def import_file(
    settings: Settings, screen: Screen, *, file: Path, collection: str | None
) -> int:
    """Read a collection from a file."""
    started = time.monotonic()
    with open_bundle(file) as bundle:
        name = collection or bundle.manifest.collection
        await asyncio.to_thread(bundle.check)
        await _check_model(settings, file, bundle)
        async with open_stores(settings) as stores:
            done = await import_bundle(stores, bundle, name)
    seconds = round(time.monotonic() - started, 3)
    result = {
        "collection": name,
        "file": str(file),
        "documents": done.documents,
        "added": done.added,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "chunks": done.chunks,
        "seconds": seconds,
    }
    counts = f"{done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged"
    screen.show(result, [f"{name}: {counts}; {done.chunks:,} chunks in {seconds} s"])
    return 0


async def _check_model(settings: Settings, file: Path, bundle: Bundle) -> None:
    """Refuse vectors that this machine's questions could not be compared with.

    Raises:
        BundleError: the settings name another embedding model.
    """
    made_with = bundle.manifest.fingerprint, bundle.manifest.dimension
    async with open_embedder(settings) as embedder:
        if made_with != (embedder.fingerprint, embedder.dimension):
            raise BundleError(
                f"{str(file)!r} was embedded with {made_with[0]!r}, the settings say "
                f"{embedder.fingerprint!r}: set EMBEDDING_MODEL and EMBEDDING_PRECISION as on the "
                "machine that it comes from, or ingest the files themselves here (ingest add)"
            )


def _size_bytes(file: Path) -> int:
    return file.stat().st_size
