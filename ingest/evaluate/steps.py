"""A number of like steps, some at once, and how far they are.

That is a bar on a terminal, and a line now and then elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_SECONDS = 5.0

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

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


async def do_each(
    items: Sequence[_Item],
    do: Callable[[_Item], Awaitable[_Result]],
    *,
    at_once: int,
    stop: asyncio.Event,
    tell: Tell,
) -> list[_Result]:
    """What `do` gives for each, in the order of the items, `at_once` of them at a time.

    Those that were not begun when the stop came are left out.
    """
    results: dict[int, _Result] = {}
    waiting = enumerate(items)

    async def work() -> None:
        for position, item in waiting:
            if stop.is_set():
                return
            results[position] = await do(item)
            tell(len(results))

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())
    return [results[position] for position in sorted(results)]


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
