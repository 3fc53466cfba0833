"""The commands that only look: what is in the index, what fits a query, whether all is well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

from ingest.plan import name_source
from ingest.screen import Screen
from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection, CollectionSummary
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.documents import Passage
from rag_core.embedding import open_embedder
from rag_core.errors import RagError, VectorsUnavailableError
from rag_core.index import open_index
from rag_core.lexical.engine import Lexical
from rag_core.search import search
from rag_core.settings import Settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import open_vectors

_PAGE_DOCUMENTS = 1_000
_SHOWN_CHARACTERS = 400
_COLLECTION_COLUMNS = ("collection", "documents", "chunks", "tokens", "model")
_DOCUMENT_COLUMNS = ("source", "title", "chunks", "tokens", "id")


class Part(TypedDict):
    """One thing that the index stands on."""

    part: str
    state: str
    """`ok` or `failed`."""
    detail: str


async def list_documents(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """List the documents of a collection, in the order of their sources."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        found = [document async for document in each_document(catalog, stored)]
    rows = ((one.source, one.title, str(one.chunks), str(one.tokens), one.id) for one in found)
    screen.show_table({"collection": stored.name, "documents": found}, _DOCUMENT_COLUMNS, rows)
    return 0


async def show(settings: Settings, screen: Screen, *, wanted: str, collection: str | None) -> int:
    """Show a document and its text."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        found = await find_document(catalog, stored, wanted)
        _, text, page_starts = await documents.get_document(catalog, found.id)
    result = {**asdict(found), "text": text, "page_starts": page_starts}
    known = [f"{name}: {value}" for name, value in _describe(found).items() if value]
    screen.show(result, [*known, "", *text.splitlines()])
    return 0


async def find(
    settings: Settings, screen: Screen, *, query: str, collection: str | None, top_k: int
) -> int:
    """Find the passages that fit a query."""
    name = collection or settings.collection
    async with open_index(settings) as index:
        passages = await search(index, name, query, top_k=top_k)
    lines = [
        line
        for number, passage in enumerate(passages, 1)
        for line in _describe_passage(number, passage)
    ]
    screen.show(
        {"collection": name, "query": query, "passages": passages}, lines or ["nothing found"]
    )
    return 0


async def status(settings: Settings, screen: Screen) -> int:
    """Tell what is in the index, and whether each part is well."""
    parts: list[Part] = []
    summaries: list[CollectionSummary] = []
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
    settings: Settings, screen: Screen, *, parts: list[Part], summaries: list[CollectionSummary]
) -> None:
    screen.show(None, [f"home: {settings.home} ({_folder_bytes(settings) / 1e6:.1f} MB)", ""])
    screen.show_table(
        None, ("part", "state", ""), ((one["part"], one["state"], one["detail"]) for one in parts)
    )
    screen.show(None, [""])
    rows = (
        (one.name, str(one.documents), str(one.chunks), str(one.tokens), one.fingerprint)
        for one in summaries
    )
    screen.show_table(None, _COLLECTION_COLUMNS, rows)


async def find_document(catalog: Catalog, collection: Collection, wanted: str) -> DocumentSummary:
    """The live document with this id or source, the source also as a relative path.

    Raises:
        DocumentNotFoundError: the collection has none.
    """
    live = await documents.find_live(catalog, collection, [wanted, name_source(wanted)])
    for found in live.values():
        return found
    return (await documents.get_document(catalog, wanted))[0]


async def each_document(catalog: Catalog, collection: Collection) -> AsyncIterator[DocumentSummary]:
    """All live documents, in the order of their sources, read page by page."""
    after: str | None = None
    while page := await documents.list_documents(
        catalog, collection, limit=_PAGE_DOCUMENTS, after=after
    ):
        for document in page:
            yield document
        after = page[-1].source


async def _try(parts: list[Part], name: str, check: Awaitable[str]) -> None:
    try:
        parts.append({"part": name, "state": "ok", "detail": await check})
    except RagError as error:
        parts.append({"part": name, "state": "failed", "detail": str(error)})


async def _check_embedder(settings: Settings) -> str:
    async with open_embedder(settings) as embedder:
        return f"{embedder.fingerprint}, {embedder.dimension} dimensions"


async def _check_catalog(settings: Settings, summaries: list[CollectionSummary]) -> str:
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


def _describe(document: DocumentSummary) -> dict[str, str]:
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "type": document.media_type,
        "size": f"{document.size_bytes} bytes, {document.chunks} chunks, {document.tokens} tokens",
        "metadata": ", ".join(f"{key}={value}" for key, value in document.metadata.items()),
        "ingested": f"{document.created_at:%Y-%m-%d %H:%M:%S %Z}",
    }


def _describe_passage(number: int, passage: Passage) -> list[str]:
    headings = [heading for heading in passage.heading_path if heading != passage.title]
    place = " > ".join([passage.title, *headings])
    page = "" if passage.page is None else f", page {passage.page}"
    text = " ".join(passage.text.split())
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    scores = f"cosine {passage.score:.3f}, BM25 {passage.lexical_score:.2f}"
    return [
        f"{number}. {place}{page}",
        f"   {passage.source} [{passage.start}, {passage.end})",
        f"   score {passage.fused_score:.3f} ({scores})",
        f"   {shown}",
        "",
    ]
