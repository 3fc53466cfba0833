"""Names that a user gives to the stored documents that they mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ingest.fetch.web_urls import is_url, is_web_url, normalise_url
from ingest.plan import find_container, name_below, name_source
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog
from rag_core.catalog.quarantine import forget_failures, list_quarantined
from rag_core.errors import DocumentNotFoundError, FetchRefusedError, InvalidRequestError

_PAGE_DOCUMENTS = 1_000


async def find_document(catalog: Catalog, collection: Collection, wanted: str) -> DocumentSummary:
    """The live document with this id or source, the source also as a relative path.

    Raises:
        DocumentNotFoundError: the collection has none.
    """
    live = await documents.find_live(catalog, collection, [wanted, _name(wanted)])
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


async def documents_below(
    catalog: Catalog, collection: Collection, tops: Sequence[str]
) -> list[DocumentSummary]:
    """The live documents of these sources and below them, each once, in the order of sources."""
    found = await documents.find_live(catalog, collection, tops)
    for top in tops:
        found |= await _begin_with(catalog, collection, name_below(top))
    return _in_order(found)


async def _begin_with(
    catalog: Catalog, collection: Collection, prefixes: Sequence[str]
) -> dict[str, DocumentSummary]:
    """The live documents whose sources begin so, or are just that, by source."""
    found = await documents.find_live(catalog, collection, prefixes)
    for prefix in prefixes:
        after = prefix
        while page := await documents.list_documents(
            catalog, collection, limit=_PAGE_DOCUMENTS, after=after
        ):
            below = [one for one in page if one.source.startswith(prefix)]
            found |= {one.source: one for one in below}
            if len(below) < len(page):
                break
            after = page[-1].source
    return found


def _in_order(found: Mapping[str, DocumentSummary]) -> list[DocumentSummary]:
    return [found[source] for source in sorted(found)]


async def find_all(
    catalog: Catalog, collection: Collection, wanted: Sequence[str]
) -> tuple[dict[str, DocumentSummary], list[str]]:
    """The documents that these names mean, by id, and the names that mean none."""
    found: dict[str, DocumentSummary] = {}
    missing = []
    for name in wanted:
        meant = await _find_meant(catalog, collection, name)
        found.update({document.id: document for document in meant})
        if not meant:
            missing.append(name)
    return found, missing


async def find_held(
    catalog: Catalog, collection: Collection, wanted: Sequence[str]
) -> dict[str, list[str]]:
    """The sources in quarantine that each of these names means; a folder means all below it."""
    held = [one.file.source for one in await list_quarantined(catalog, collection)]
    return {name: _held_under(held, name) for name in wanted}


async def choose_held(catalog: Catalog, collection: Collection, wanted: Sequence[str]) -> list[str]:
    """The sources that these names mean, each once; all when there is no name.

    Raises:
        InvalidRequestError: a name means nothing that is in quarantine.
    """
    if not wanted:
        return [one.file.source for one in await list_quarantined(catalog, collection)]
    held = await find_held(catalog, collection, wanted)
    missing = [name for name, sources in held.items() if not sources]
    if missing:
        raise InvalidRequestError(
            f"not in quarantine: {', '.join(missing)}; `ingest quarantine` lists what is"
        )
    return sorted({source for sources in held.values() for source in sources})


async def forget_gone(
    catalog: Catalog, collection: Collection, sources: Sequence[str]
) -> list[str]:
    """Let those out of quarantine that cannot be had again; returns what came by standard input.

    The others are files of this machine, and not there any more.
    """
    given = [one for one in sources if _came_by_input(one)]
    gone = [one for one in sources if _is_gone(one)]
    await forget_failures(catalog, collection, [*gone, *given])
    return given


def _came_by_input(source: str) -> bool:
    """Whether it is neither a path nor a URL: nobody but who gave it has it."""
    return not (source.startswith("/") or is_url(source))


async def forget_below(catalog: Catalog, collection: Collection, tops: Sequence[str]) -> None:
    """Do so with those of these sources, and below them."""
    held = await find_held(catalog, collection, tops)
    await forget_gone(catalog, collection, [one for sources in held.values() for one in sources])


def _is_gone(source: str) -> bool:
    return source.startswith("/") and not Path(find_container(source)).exists()


def _held_under(held: Sequence[str], name: str) -> list[str]:
    path = _name(name)
    below = name_below(path)
    return [one for one in held if one in {name, path} or one.startswith(below)]


async def _find_meant(catalog: Catalog, collection: Collection, name: str) -> list[DocumentSummary]:
    if not (is_url(name) and name.endswith("/")):  # a site has a page of its own name, too
        with suppress(DocumentNotFoundError):
            return [await find_document(catalog, collection, name)]
    below = name_below(_name(name).rstrip("/"))
    return _in_order(await _begin_with(catalog, collection, below))


def _name(wanted: str) -> str:
    """Name a path or a URL as sources are named."""
    if not is_url(wanted):
        return name_source(wanted)
    try:
        return normalise_url(wanted) if is_web_url(wanted) else wanted
    except FetchRefusedError:
        return wanted
