"""The command `ingest retry`: files that failed are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.addition import add
from ingest.pipeline import Order
from ingest.report import Tally
from ingest.report_options import Reporting
from ingest.screen import Screen
from ingest.stored import choose_held
from rag_core.catalog import collections
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.quarantine import forget_failures
from rag_core.settings import Settings


async def retry(
    settings: Settings,
    screen: Screen,
    *,
    wanted: Sequence[str],
    order: Order,
    reporting: Reporting,
) -> int:
    """Ingest what is in quarantine, or those of it that these names mean."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, order.collection)
        sources = await choose_held(catalog, stored, wanted)
        gone = [source for source in sources if _is_gone(source)]
        await forget_failures(catalog, stored, gone)
    if not sources:
        nothing = [f"{stored.name}: nothing is in quarantine"]
        screen.show(Tally(stored.name).report(), nothing)
        return 0
    paths = [Path(source) for source in sources]
    return await add(settings, screen, paths=paths, order=order, reporting=reporting)


def _is_gone(source: str) -> bool:
    """Whether a file of this machine is not there any more."""
    return source.startswith("/") and not Path(source).exists()
