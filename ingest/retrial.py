"""The command `ingest retry`: files that failed are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.addition import add
from ingest.pipeline import Order
from ingest.report import Tally
from ingest.report_options import Reporting
from ingest.screen import Screen
from ingest.sources import take_again
from ingest.stored import choose_held, forget_gone
from rag_core.catalog import collections
from rag_core.catalog.engine import open_catalog
from rag_core.settings import Settings


async def retry(
    settings: Settings,
    screen: Screen,
    *,
    wanted: Sequence[str],
    order: Order,
    allow_private: bool,
    reporting: Reporting,
) -> int:
    """Ingest what is in quarantine, or those of it that these names mean."""
    async with open_catalog(settings.catalog_url) as catalog:
        stored = await collections.get_collection(catalog, order.collection)
        sources = await choose_held(catalog, stored, wanted)
        await forget_gone(catalog, stored, sources)
    if not sources:
        nothing = [f"{stored.name}: nothing is in quarantine"]
        screen.show(Tally(stored.name).report(), nothing)
        return 0
    return await add(
        settings,
        screen,
        intake=take_again(sources, allow_private=allow_private),
        order=replace(order, again=True),
        reporting=reporting,
    )
