"""The command `ingest retry`: files that failed are tried again."""

from __future__ import annotations

import logging
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

logger = logging.getLogger(__name__)


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
        given = await forget_gone(catalog, stored, sources)
    for source in given:
        logger.warning("%s is not kept here: it is tried when it is given again", source)
    again = [source for source in sources if source not in given]
    if not again:
        nothing = [] if given else [f"{stored.name}: nothing is in quarantine"]
        screen.show(Tally(stored.name).report(), nothing)
        return 1 if given else 0
    code = await add(
        settings,
        screen,
        intake=take_again(again, allow_private=allow_private),
        order=replace(order, again=True),
        reporting=reporting,
    )
    return max(code, 1) if given else code
