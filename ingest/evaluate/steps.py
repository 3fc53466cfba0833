"""How far a number of like steps is, as a bar on a terminal or as a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_SECONDS = 5.0

Tell = Callable[[int], None]
"""Called with the number of steps that are done."""


@contextmanager
def counting(console: Console, what: str, total: int, *, quiet: bool) -> Iterator[Tell]:
    """Yield what shows how many of `total` are done when it is called; `quiet` shows nothing."""
    if quiet:
        yield _tell_nobody
    elif console.is_terminal:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
    else:
        yield _Lines(console, what, total)


def _tell_nobody(done: int) -> None:
    del done


class _Lines:
    """Prints a line every so many seconds."""

    def __init__(self, console: Console, what: str, total: int) -> None:
        self._console, self._what, self._total = console, what, total
        self._printed = time.monotonic()

    def __call__(self, done: int) -> None:
        """Print how far it is, when it is time."""
        if time.monotonic() - self._printed >= _LINE_SECONDS:
            self._console.print(f"{self._what}: {done}/{self._total}")
            self._printed = time.monotonic()
