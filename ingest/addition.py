"""The command `ingest add`: paths to a plan, an ingest under way, and its report."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.pipeline import Order, begin_tally, ingest_plan
from ingest.plan import plan_paths
from ingest.progress import drawing
from ingest.report import summary
from ingest.rules import Selection
from ingest.screen import Screen
from ingest.stdin import receive
from rag_core.errors import InvalidRequestError
from rag_core.index import open_index
from rag_core.settings import Settings

_STDIN = "-"


async def add(
    settings: Settings,
    screen: Screen,
    *,
    paths: Sequence[Path],
    order: Order,
    wanted: Selection,
    name: str | None = None,
) -> int:
    """Ingest files and folders, and under `name` what comes on standard input for the path `-`."""
    on_disk = [path for path in paths if str(path) != _STDIN]
    if name is not None and len(on_disk) == len(paths):
        raise InvalidRequestError(f"--name {name!r} names standard input: add '-' to the paths")
    plan = await asyncio.to_thread(plan_paths, on_disk, home=settings.home, wanted=wanted)
    if len(on_disk) < len(paths):
        descriptor = sys.stdin.fileno() if sys.stdin else None
        plan = await receive(plan, descriptor, name=name, home=settings.home)
    if not plan.files:
        report = begin_tally(plan, order).report()
        nothing = f"nothing to ingest under {', '.join(map(str, paths))}"
        screen.show(report, [nothing, *summary(report)[1:]])
        return report.exit_code
    with _stopping() as stop, drawing(screen.aside, quiet=screen.as_json) as progress:
        async with open_index(settings) as index:
            report = await ingest_plan(index, plan, order, progress=progress, stop=stop)
    screen.show(report, summary(report))
    return report.exit_code


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
