"""The command `ingest sync`: what was asked for to a mirror, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from ingest.mirror_report import as_object, describe
from ingest.mirror_run import run_mirror
from ingest.mirror_wish import Wish
from ingest.pipeline import Order
from ingest.preview import preview
from ingest.preview_report import describe_preview
from ingest.recording import recording
from ingest.report_options import Reporting
from ingest.screen import Screen
from rag_core.settings import Settings


async def mirror_sources(
    settings: Settings, screen: Screen, *, wish: Wish, order: Order, reporting: Reporting
) -> int:
    """Make the collection equal to the sources."""
    mirror, sources = wish.mirror(settings, order), wish.intake.sources
    with recording(
        settings, work="sync", sources=sources, reporting=reporting, listed=screen.as_json
    ) as written:
        mirror = replace(mirror, order=replace(order, tell=written.tell))
        outcome = await run_mirror(settings, screen, mirror)
        outcome = replace(outcome, ingested=written.finish(outcome.ingested))
    screen.show(as_object(outcome), describe(outcome))
    return outcome.exit_code_of(ignore_quarantined=reporting.ignore_quarantined)


async def preview_sources(settings: Settings, screen: Screen, *, wish: Wish, order: Order) -> int:
    """Say what that would do."""
    seen = await preview(settings, wish.mirror(settings, order))
    screen.show(seen, describe_preview(seen))
    return seen.exit_code
