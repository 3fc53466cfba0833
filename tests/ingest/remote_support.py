"""Short ways to plan and ingest what a site of a test has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from ingest.fetch.guard import FetchLimits
from ingest.fetch.journey import Journey
from ingest.fetch.remote import open_remote
from ingest.pipeline import Order, ingest_plan
from ingest.plan import Plan
from ingest.reach import Reach
from ingest.report import Report
from ingest.sources import Intake, find_files
from rag_core.index import Index
from rag_core.settings import Settings

QUICK = FetchLimits(interval_seconds=0, tries=1)


@asynccontextmanager
async def planned(home: Path, *sources: str, reach: Reach | None = None) -> AsyncIterator[Plan]:
    """A plan, while its origins can be fetched."""
    reach = replace(reach or Reach(), allow_private=True)
    settings = Settings(RAG_HOME=home, _env_file=None)
    async with open_remote(Journey(settings, "notes", reach, limits=QUICK)) as remote:
        yield await find_files(Intake(sources), remote=remote, home=home)


async def ingest(
    index: Index,
    home: Path,
    *sources: str,
    reach: Reach | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Report:
    """Ingest sources into the collection `notes`."""
    async with planned(home, *sources, reach=reach) as plan:
        order = Order("notes", metadata)
        return await ingest_plan(index, plan, order, progress=lambda _: None, stop=asyncio.Event())


def names(plan: Plan, url: str) -> list[str]:
    """The planned sources, without what they share."""
    return [file.source.removeprefix(url) for file in plan.files]
