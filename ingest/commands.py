"""The commands that change the index, and how every command runs and ends."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.lookups import each_document, find_document
from ingest.pipeline import Order, begin_tally, ingest_plan
from ingest.plan import name_source, plan_paths
from ingest.progress import drawing
from ingest.report import summary
from ingest.screen import Screen
from rag_core.catalog import collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.errors import DocumentNotFoundError, InvalidRequestError, RagError
from rag_core.index import open_index
from rag_core.lexical.engine import Lexical
from rag_core.logs import set_up_logs
from rag_core.settings import Settings, read_settings
from rag_core.vectors import upkeep
from rag_core.vectors.chroma import open_vectors

logger = logging.getLogger(__name__)

_NOTHING_DONE = 2
_INTERRUPTED = 130


def run(work: Callable[[Settings, Screen], Coroutine[None, None, int]], *, as_json: bool) -> int:
    """Do a command's work; an error becomes a sentence, and the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    screen = Screen(as_json=as_json)
    try:
        settings = read_settings()
        set_up_logs(settings.log_level)
        code = asyncio.run(work(settings, screen))
        sys.stdout.flush()
    except RagError as error:
        screen.fail(error)
        return _NOTHING_DONE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone; the interpreter would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        logger.debug("a fault of ours", exc_info=True)
        screen.fail(error)
        return 1
    return code


async def add(
    settings: Settings,
    screen: Screen,
    *,
    paths: Sequence[Path],
    collection: str | None,
    metadata: Mapping[str, str] | None,
) -> int:
    """Ingest files and folders."""
    plan = await asyncio.to_thread(plan_paths, paths)
    order = Order(collection or settings.collection, metadata)
    if not plan.files:
        report = begin_tally(plan, order).report()
        nothing = f"nothing to ingest under {', '.join(map(str, paths))}"
        screen.show(report, [nothing, *summary(report)[1:]])
        return report.exit_code
    with _stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            report = await ingest_plan(index, plan, order, progress=progress, stop=stop)
    screen.show(report, summary(report))
    return report.exit_code


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """Yield what the first SIGINT or SIGTERM sets; the second one ends us as usual."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def leave() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def begin_to_stop() -> None:
        stop.set()
        leave()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, begin_to_stop)
    try:
        yield stop
    finally:
        leave()


async def remove(
    settings: Settings,
    screen: Screen,
    *,
    wanted: Sequence[str],
    collection: str | None,
    sure: bool,
) -> int:
    """Remove documents, by id, source or the folder above them."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, collection or settings.collection)
        found, missing = await _find_all(catalog, stored, wanted)
        if not found:
            raise DocumentNotFoundError(", ".join(missing))
        _ask(screen, len(found), sure=sure)
        await documents.remove_documents(catalog, stored, list(found))
        await _clear_away(settings, catalog, stored)
    _show_removed(screen, stored, list(found.values()), missing=missing)
    return 1 if missing else 0


def _ask(screen: Screen, count: int, *, sure: bool) -> None:
    """Go on with one document, or when somebody says yes.

    Raises:
        InvalidRequestError: nobody did.
    """
    if count > 1 and not (sure or screen.confirm(f"Remove {count} documents?")):
        raise InvalidRequestError(
            f"{count} documents would go and nobody said yes: nothing is removed (use --yes)"
        )


def _show_removed(
    screen: Screen,
    collection: Collection,
    removed: Sequence[DocumentSummary],
    *,
    missing: Sequence[str],
) -> None:
    named = [{"id": document.id, "source": document.source} for document in removed]
    lines = [f"removed: {document.source}" for document in removed]
    lines += [f"no document {name!r}" for name in missing]
    screen.show({"collection": collection.name, "removed": named, "missing": missing}, lines)


async def _find_all(
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


async def _find_meant(catalog: Catalog, collection: Collection, name: str) -> list[DocumentSummary]:
    try:
        return [await find_document(catalog, collection, name)]
    except DocumentNotFoundError:
        folder = name_source(name).rstrip("/") + "/"
        return [
            document
            async for document in each_document(catalog, collection)
            if document.source.startswith(folder)
        ]


async def _clear_away(settings: Settings, catalog: Catalog, collection: Collection) -> None:
    """Delete from both indexes what the catalog no longer shows; the next ingest would, too."""
    await Lexical(settings.home).follow(catalog, collection)
    async with open_vectors(settings) as vectors:
        await upkeep.sweep(catalog, vectors, collection)
