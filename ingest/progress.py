"""An ingest under way, as a bar on a terminal or as a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from ingest.report import Progress, Tally

_LINE_SECONDS = 5.0
_FRAMES_PER_SECOND = 4


@contextmanager
def drawing(console: Console, *, quiet: bool) -> Iterator[Progress]:
    """Yield what draws a tally when it is called with one; `quiet` draws nothing."""
    if quiet:
        yield _draw_nothing
    elif console.is_terminal:
        yield from _draw_bar(console)
    else:
        yield Lines(console)


def describe(tally: Tally) -> str:
    """Say how far an ingest is, such as `12/80 files, 90 chunks, 61 chunks/s, 0:01:05 left`."""
    parts = [
        f"{tally.done}/{tally.files} files",
        f"{tally.embedded + tally.reused} chunks",
        f"{tally.chunks_per_second:.0f} chunks/s",
    ]
    if tally.failed:
        parts.append(f"{len(tally.failed)} failed")
    if tally.seconds_left is not None:
        parts.append(f"{timedelta(seconds=round(tally.seconds_left))} left")
    return ", ".join(parts)


def _draw_nothing(tally: Tally) -> None:
    del tally


def _draw_bar(console: Console) -> Iterator[Progress]:
    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Bar(
        *columns, console=console, transient=True, refresh_per_second=_FRAMES_PER_SECOND
    ) as bar:
        task = bar.add_task("starting", total=None)

        def draw(tally: Tally) -> None:
            bar.update(
                task,
                total=max(1, tally.total_bytes),
                completed=tally.done_bytes,
                description=describe(tally),
            )

        yield draw


class Lines:
    """Prints a line every so many seconds."""

    def __init__(self, console: Console, *, seconds: float = _LINE_SECONDS) -> None:
        self._console = console
        self._seconds = seconds
        self._printed = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        """Print how far it is, when it is time."""
        if time.monotonic() - self._printed >= self._seconds:
            self._console.print(describe(tally))
            self._printed = time.monotonic()
