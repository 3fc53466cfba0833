"""Sources of any kind to one plan: paths of this machine, and URLs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ingest.fetch.web_urls import is_url, is_web_url, show_url
from ingest.options import lazily
from ingest.plan import Plan, find_container, name_source
from ingest.reach import Reach
from ingest.rules import Selection
from ingest.stdin import plan_given
from rag_core.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import journey
    from ingest.fetch import remote as fetching
    from ingest.fetch.remote import Remote
else:  # what fetches takes half a second to import, and most runs fetch nothing
    journey, fetching = lazily("ingest.fetch.journey"), lazily("ingest.fetch.remote")

_OURS = ("file://", "local://")


@dataclass(frozen=True, slots=True)
class Intake:
    """What a command takes in, and how far it looks for it."""

    sources: Sequence[str]
    """Paths and URLs."""
    wanted: Selection = field(default_factory=Selection)
    reach: Reach = field(default_factory=Reach)
    only: frozenset[str] | None = None
    """The names of the files to take of what is found; None takes all."""


def take_again(names: Sequence[str], *, allow_private: bool = False) -> Intake:
    """Take just these files, whatever the rules for folders say."""
    containers = dict.fromkeys(map(find_container, names))
    return Intake(
        list(containers),
        Selection(ignore_files=False),
        Reach(allow_private=allow_private),
        only=frozenset(names),
    )


@asynccontextmanager
async def open_plan(
    settings: Settings,
    intake: Intake,
    *,
    collection: str,
    tell: Callable[[str], None] | None = None,
) -> AsyncIterator[Plan]:
    """Find what is to be ingested; until the end of the block it can be fetched.

    `tell` shows a line to whoever waits, every few seconds of a long search.

    Raises:
        RagError: nothing could be begun; what fails for one source is in the plan.
    """
    if all(map(name_path, intake.sources)):
        yield await find_files(intake, remote=None, home=settings.home)
        return
    way = journey.Journey(settings, collection, intake.reach, tell)
    async with fetching.open_remote(way) as remote:
        yield await find_files(intake, remote=remote, home=settings.home)


async def find_files(intake: Intake, *, remote: Remote | None, home: Path) -> Plan:
    """Find all that is to be ingested; `remote` must stay open until it is.

    It may be None when all sources are paths of this machine.

    Of a caller whom nobody knows, take only what `is_web_url`: paths and stores are read with our
    own rights.

    Raises:
        RagError: nothing could be begun; what fails for one source is in the plan.
    """
    paths = [name_path(source) for source in intake.sources]
    elsewhere = [one for one, path in zip(intake.sources, paths, strict=True) if path is None]
    here = [path for path in paths if path is not None]
    plan = await plan_given(here, home=home, wanted=intake.wanted)
    if elsewhere and remote is not None:
        plan = (await remote.find(elsewhere)).plan(beside=plan)
    if intake.only is None:
        return plan
    files = tuple(file for file in plan.files if file.source in intake.only)
    return replace(plan, files=files, skipped={})


def name_path(source: str) -> Path | None:
    """Read a source as a path of this machine; None when it is elsewhere."""
    if not is_url(source):
        return Path(source)
    if not source.lower().startswith(_OURS):
        return None
    parts = urlsplit(source)
    return Path(unquote(parts.path)) if parts.hostname in (None, "localhost") else None


def name_top(source: str) -> str | None:
    """Name what the documents of a source lie below; None for the web, whose lists are not whole.

    Pages come and go with links, limits and moods of servers: none is known to be gone.
    """
    path = name_path(source)
    if path is not None:
        return name_source(str(path))
    return None if is_web_url(source) else f"{source.rstrip('/')}/"


def show_source(source: str) -> str:
    """Write a source fit for a screen: without a password in it."""
    return show_url(source) if is_url(source) else source
