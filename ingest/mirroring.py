"""The command `ingest sync`: sources to a mirror, a sync under way, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.addition import stopping
from ingest.mirror import Run
from ingest.mirror_report import as_object, describe
from ingest.mirror_wish import Wish
from ingest.progress import drawing
from ingest.recording import recording
from ingest.report_options import Reporting
from ingest.sync import sync
from rag_core.index import open_index
from rag_core.settings import Settings

if TYPE_CHECKING:
    from ingest.screen import Screen


async def mirror_sources(
    settings: Settings, screen: Screen, *, wish: Wish, reporting: Reporting
) -> int:
    """Make the collection equal to the sources."""
    with recording(
        settings,
        work="sync",
        sources=wish.intake.sources,
        reporting=reporting,
        listed=screen.as_json,
    ) as written:
        mirror = replace(wish, order=replace(wish.order, tell=written.tell)).mirror(settings)
        with stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
            async with open_index(settings) as index:
                outcome = await sync(index, mirror, Run(progress, stop))
        outcome = replace(outcome, ingested=written.finish(outcome.ingested))
    screen.show(as_object(outcome), describe(outcome))
    return outcome.exit_code_of_tried if reporting.ignore_quarantined else outcome.exit_code
