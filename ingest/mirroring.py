"""The command `ingest sync`: sources to a mirror, a sync under way, and what came of it."""

from __future__ import annotations

from ingest.addition import stopping
from ingest.contents import Contents
from ingest.mirror_report import as_object, describe
from ingest.mirror_wish import Wish
from ingest.preview import describe_preview, preview
from ingest.progress import drawing
from ingest.screen import Screen
from ingest.sync import Run, sync
from rag_core.index import open_index
from rag_core.settings import Settings


async def mirror_sources(
    settings: Settings, screen: Screen, *, wish: Wish, dry_run: bool = False
) -> int:
    """Make the collection equal to the sources, or say what that would do."""
    mirror = wish.mirror(settings)
    if dry_run:
        seen = await preview(settings, mirror)
        screen.show(seen, describe_preview(seen))
        return seen.exit_code
    with stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            outcome = await sync(index, mirror, Contents(), Run(progress, stop))
    screen.show(as_object(outcome), describe(outcome))
    return outcome.exit_code
