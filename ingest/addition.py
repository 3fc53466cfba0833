"""The command `ingest add`: sources to a plan, an ingest under way, and its report."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.pipeline import Order, begin_tally, ingest_plan
from ingest.progress import drawing
from ingest.recording import recording
from ingest.report import Report, summary
from ingest.report_options import Reporting
from ingest.screen import Screen
from ingest.sources import Intake, open_plan, show_source
from rag_core.index import open_index
from rag_core.settings import Settings

if TYPE_CHECKING:
    from ingest.plan import Plan


async def add(
    settings: Settings,
    screen: Screen,
    *,
    intake: Intake,
    order: Order,
    reporting: Reporting,
) -> int:
    """Ingest files, folders, standard input and what is behind URLs."""
    named = " ".join(map(show_source, intake.sources))
    with recording(
        settings,
        work="retry" if order.again else "add",
        sources=intake.sources,
        reporting=reporting,
        listed=screen.as_json,
    ) as written:
        order = replace(order, tell=written.tell)
        tell = None if screen.as_json else screen.aside.print
        async with open_plan(settings, intake, collection=order.collection, tell=tell) as plan:
            if not plan.files:
                report = written.finish(begin_tally(plan, order).report())
                nothing = f"nothing to ingest under {named}"
                screen.show(report, [nothing, *summary(replace(report, log=None))[1:]])
                return report.exit_code
            report = written.finish(await _ingest(settings, screen, plan, order))
    screen.show(report, summary(report))
    return report.exit_code_of_tried if reporting.ignore_quarantined else report.exit_code


async def _ingest(settings: Settings, screen: Screen, plan: Plan, order: Order) -> Report:
    with stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            return await ingest_plan(index, plan, order, progress=progress, stop=stop)


@contextmanager
def stopping() -> Iterator[asyncio.Event]:
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
