"""The command `ingest add`: sources to a plan, an ingest under way, and its report."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from ingest.pipeline import Order, begin_tally, ingest_plan
from ingest.plan import Plan, plan_paths
from ingest.progress import drawing
from ingest.reach import Reach
from ingest.report import Report, summary
from ingest.screen import Screen
from ingest.sources import open_sources, plan_sources, show_source
from rag_core.index import open_index
from rag_core.settings import Settings


async def add(
    settings: Settings,
    screen: Screen,
    *,
    sources: Sequence[str],
    order: Order,
    reach: Reach,
) -> int:
    """Ingest files, folders and what is behind URLs."""
    async with open_sources(
        settings,
        collection=order.collection,
        reach=reach,
        tell=None if screen.as_json else screen.aside.print,
    ) as remote:
        plan_local = partial(plan_paths, home=settings.home)
        plan = await plan_sources(sources, remote=remote, plan_local=plan_local)
        if not plan.files:
            report = begin_tally(plan, order).report()
            nothing = f"nothing to ingest under {', '.join(map(show_source, sources))}"
            screen.show(report, [nothing, *summary(report)[1:]])
            return report.exit_code
        report = await _ingest(settings, screen, plan, order)
    screen.show(report, summary(report))
    return report.exit_code


async def _ingest(settings: Settings, screen: Screen, plan: Plan, order: Order) -> Report:
    with _stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            return await ingest_plan(index, plan, order, progress=progress, stop=stop)


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """Yield what the first SIGINT or SIGTERM sets; the second one ends us as usual."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def leave() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def begin_to_stop() -> None:
        stop.set()
        leave()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, begin_to_stop)
    try:
        yield stop
    finally:
        leave()
