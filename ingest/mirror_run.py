"""One sync from the command line: everything opened, drawn and stopped as it should be."""

from __future__ import annotations

from ingest.addition import stopping
from ingest.mirror import Mirror
from ingest.progress import drawing
from ingest.screen import Screen
from ingest.sync import sync
from ingest.synced import Outcome, Run
from rag_core.index import open_index
from rag_core.settings import Settings


async def run_mirror(settings: Settings, screen: Screen, mirror: Mirror) -> Outcome:
    """Sync once; the first SIGINT or SIGTERM lets the batch in flight finish."""
    with stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            return await sync(index, mirror, Run(progress, stop))
