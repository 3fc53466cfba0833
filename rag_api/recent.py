"""What was made a moment ago, or is being made: whoever asks for the same is given the same.

Of searches: regenerated answers, example questions, several frontends of one conversation and a
room full of people who try the same question ask for what was found a moment ago.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Made = TypeVar("Made")


@dataclass(slots=True)
class _Making(Generic[Made]):
    """One thing, being made or made."""

    task: asyncio.Task[Made]
    expires: float
    weight: int = 1
    """Counted as one while it is being made."""


class Recent(Generic[Made]):
    """What was made, by everything that it depends on; the oldest goes first."""

    def __init__(self, *, seconds: float, most: int, weigh: Callable[[Made], int]) -> None:
        """Keep things for so long, and so many that they weigh no more together."""
        self._seconds, self._most, self._weigh = seconds, most, weigh
        self._kept: dict[Hashable, _Making[Made]] = {}
        self._weight = 0

    async def find(self, key: Hashable, make: Callable[[], Coroutine[None, None, Made]]) -> Made:
        """Give what was made by this key, or is about to be; else begin to make it.

        It belongs to nobody: who stops waiting for it does not stop it for the others. A
        failure is raised for all who wait, and not kept.
        """
        now = asyncio.get_running_loop().time()
        recent = self._kept.get(key)
        if recent is None or recent.expires < now:
            recent = self._begin(key, make(), expires=now + self._seconds)
        return await asyncio.shield(recent.task)

    def _begin(
        self, key: Hashable, making: Coroutine[None, None, Made], *, expires: float
    ) -> _Making[Made]:
        self._drop(key)
        begun = _Making(asyncio.create_task(making), expires)
        self._kept[key] = begun
        self._weight += begun.weight
        begun.task.add_done_callback(lambda _: self._settle(key, begun))
        return begun

    def _settle(self, key: Hashable, made: _Making[Made]) -> None:
        failed = made.task.cancelled() or made.task.exception() is not None
        if self._kept.get(key) is not made:
            return
        if failed:
            self._drop(key)
            return
        more = self._weigh(made.task.result())
        made.weight += more
        self._weight += more
        while self._weight > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._weight -= dropped.weight
