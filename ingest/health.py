"""The command `ingest status`: what is in the index, and whether each part is well."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from ingest.screen import Screen
from rag_core.catalog import collections
from rag_core.catalog.engine import open_catalog
from rag_core.embedding import open_embedder
from rag_core.errors import RagError, VectorsUnavailableError
from rag_core.lexical.engine import Lexical
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import open_vectors

_COLLECTION_COLUMNS = ("collection", "documents", "chunks", "tokens", "model", "chunks of")


class Part(TypedDict):
    """One thing that the index stands on."""

    part: str
    state: str
    """`ok` or `failed`."""
    detail: str


async def status(settings: Settings, screen: Screen) -> int:
    """Tell what is in the index, and whether each part is well."""
    parts: list[Part] = []
    summaries: list[collections.CollectionSummary] = []
    await _try(parts, "embedding model", _check_embedder(settings))
    await _try(parts, "catalog", _check_catalog(settings, summaries))
    for summary in summaries:
        await _try(parts, f"vectors of {summary.name}", _check_vectors(settings, summary.name))
        await _try(parts, f"words of {summary.name}", _check_words(settings, summary.name))
    result = {
        "home": str(settings.home),
        "size_bytes": _folder_bytes(settings),
        "parts": parts,
        "collections": summaries,
    }
    if screen.as_json:
        screen.show(result, ())
    else:
        _show_status(settings, screen, parts=parts, summaries=summaries)
    return 1 if any(part["state"] != "ok" for part in parts) else 0


def _show_status(
    settings: Settings,
    screen: Screen,
    *,
    parts: list[Part],
    summaries: list[collections.CollectionSummary],
) -> None:
    screen.show(None, [f"home: {settings.home} ({_folder_bytes(settings) / 1e6:.1f} MB)", ""])
    screen.show_table(
        None, ("part", "state", ""), ((one["part"], one["state"], one["detail"]) for one in parts)
    )
    screen.show(None, [""])
    screen.show_table(None, _COLLECTION_COLUMNS, map(_row, summaries))


def _row(one: collections.CollectionSummary) -> tuple[str, ...]:
    counts = map(str, (one.documents, one.chunks, one.tokens))
    return one.name, *counts, one.fingerprint, str(one.splitting)


async def _try(parts: list[Part], name: str, check: Awaitable[str]) -> None:
    try:
        parts.append({"part": name, "state": "ok", "detail": await check})
    except RagError as error:
        parts.append({"part": name, "state": "failed", "detail": str(error)})


async def _check_embedder(settings: Settings) -> str:
    async with open_embedder(settings) as embedder:
        return f"{embedder.fingerprint}, {embedder.dimension} dimensions"


async def _check_catalog(settings: Settings, summaries: list[collections.CollectionSummary]) -> str:
    async with open_catalog(settings.catalog_url) as catalog:
        summaries += await collections.list_collections(catalog)
    documents_held = sum(summary.documents for summary in summaries)
    return f"documents: {documents_held}, collections: {len(summaries)}"


async def _check_vectors(settings: Settings, name: str) -> str:
    async with open_catalog(settings.catalog_url) as catalog, open_vectors(settings) as vectors:
        collection = await collections.get_collection(catalog, name)
        fault = await upkeep.check_health(catalog, vectors, collection)
        held = await vectors.count(collection.vector_index)
    if fault is not None:
        raise VectorsUnavailableError(fault)
    return f"{held} in {collection.vector_index}"


async def _check_words(settings: Settings, name: str) -> str:
    async with open_catalog(settings.catalog_url) as catalog:
        collection = await collections.get_collection(catalog, name)
        reached = await Lexical(settings.home).follow(catalog, collection)
    return f"at change {reached} of {collection.seq}"


def _folder_bytes(settings: Settings) -> int:
    return sum(map(_file_bytes, settings.home.rglob("*")))


def _file_bytes(path: Path) -> int:
    """0 for what is no file, or no longer there: Chroma may be at work."""
    with suppress(OSError):
        return path.lstat().st_size if path.is_file() else 0
    return 0
