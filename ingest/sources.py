"""Sources of any kind to one plan: paths of this machine, and URLs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.fetch.journey import Journey
from ingest.fetch.remote import Remote, open_remote
from ingest.fetch.web_urls import is_url, show_url
from ingest.plan import Plan
from ingest.reach import Reach
from rag_core.settings import Settings

_OURS = ("file://", "local://")


def open_sources(
    settings: Settings,
    *,
    collection: str,
    reach: Reach,
    tell: Callable[[str], None] | None = None,
) -> AbstractAsyncContextManager[Remote]:
    """Be ready to fetch what goes into a collection; nothing is opened before it is needed.

    `tell` shows a line to whoever waits, every few seconds of a long search.
    """
    return open_remote(Journey(settings, collection, reach, tell))


async def plan_sources(
    sources: Sequence[str], *, remote: Remote, plan_local: Callable[[Sequence[Path]], Plan]
) -> Plan:
    """Find all that is to be ingested; may be called once for each `remote`.

    `remote`, of `open_sources`, must stay open until the plan is ingested. `plan_local` plans the
    paths, in a thread. Of a caller whom nobody knows, take only what `is_web_url`: paths and
    stores are read with our own rights.

    Raises:
        RagError: nothing could be begun; what fails for one source is in the plan.
    """
    here = [name_path(source) for source in sources]
    elsewhere = [source for source, path in zip(sources, here, strict=True) if path is None]
    plan = await asyncio.to_thread(plan_local, [path for path in here if path is not None])
    if not elsewhere:
        return plan
    return (await remote.find(elsewhere)).plan(beside=plan)


def name_path(source: str) -> Path | None:
    """Read a source as a path of this machine; None when it is elsewhere."""
    if not is_url(source):
        return Path(source)
    if not source.lower().startswith(_OURS):
        return None
    parts = urlsplit(source)
    return Path(unquote(parts.path)) if parts.hostname in (None, "localhost") else None


def show_source(source: str) -> str:
    """Write a source fit for a screen: without a password in it."""
    return show_url(source) if is_url(source) else source
