"""The command `ingest add`: paths to a plan, an ingest under way, and its report."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.pipeline import Order, begin_tally, ingest_plan
from ingest.plan import plan_paths
from ingest.progress import drawing
from ingest.report import summary
from ingest.screen import Screen
from rag_core.index import open_index
from rag_core.settings import Settings


async def add(
    settings: Settings,
    screen: Screen,
    *,
    paths: Sequence[Path],
    collection: str | None,
    metadata: Mapping[str, str] | None,
    passwords: Sequence[str] = (),
) -> int:
    """Ingest files and folders."""
    plan = await asyncio.to_thread(plan_paths, paths, home=settings.home)
    order = Order(collection or settings.collection, metadata, passwords)
    if not plan.files:
        report = begin_tally(plan, order).report()
        nothing = f"nothing to ingest under {', '.join(map(str, paths))}"
        screen.show(report, [nothing, *summary(report)[1:]])
        return report.exit_code
    with stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            report = await ingest_plan(index, plan, order, progress=progress, stop=stop)
    screen.show(report, summary(report))
    return report.exit_code


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
