"""Events of the file system, to a word that files below some sources may have changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from watchfiles import awatch

logger = logging.getLogger(__name__)

_LONGEST_SECONDS = 30.0
"""Files that are written to all the time are told of so often."""
_LOOK_SECONDS = 0.25
"""How often we look whether the sources are still the same folders."""
_AGAIN_SECONDS = 5.0
"""After a source that cannot be watched, or while there is none."""

_Identity = tuple[int, int] | None
"""Device and inode of a source; None when it is not there."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, and how."""

    tops: Sequence[str]
    """Files and folders; object stores among them are looked at now and then only."""
    home: Path
    """Our own store, which changes with each round."""
    settle_seconds: float
    """Changes are told when there was none for so long: files are written in several steps."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a watch has seen."""

    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """From now on nothing is missed, or else nothing can be watched."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Files may have changed; whoever looks at them clears it first."""


@asynccontextmanager
async def watching(watched: Watched) -> AsyncIterator[Signs]:
    """Watch files and folders, also those that come and go, until the exit.

    What cannot be watched (network folders, too many folders for the kernel's limit) is logged:
    look at it now and then.
    """
    signs, stop = Signs(), asyncio.Event()
    following = asyncio.create_task(_follow(watched, signs, stop))
    try:
        yield signs
    finally:
        stop.set()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def _follow(watched: Watched, signs: Signs, stop: asyncio.Event) -> None:
    tops = [top for top in watched.tops if "://" not in top]
    while tops:
        there = _identify(tops)
        try:
            if any(there.values()):
                await _notice(watched, there, signs, stop)
                continue
        except (OSError, RuntimeError) as error:
            logger.warning("changes are not seen at once, only by looking now and then: %s", error)
        signs.ready.set()
        await asyncio.sleep(_AGAIN_SECONDS)
        if _identify(tops) != there:
            signs.changed.set()
    signs.ready.set()


async def _notice(
    watched: Watched, there: dict[str, _Identity], signs: Signs, stop: asyncio.Event
) -> None:
    """Tell of changes until a source is another one than it was: then it is watched anew."""
    changes = awatch(
        *(top for top, identity in there.items() if identity),
        watch_filter=lambda _, path: matters(path, watched),
        # Short, whatever the pace: the thread that waits so long cannot be told to end.
        step=round(1000 * _LOOK_SECONDS),
        rust_timeout=round(1000 * _LOOK_SECONDS),
        yield_on_timeout=True,
        stop_event=stop,
        ignore_permission_denied=True,
    )
    calm = Calm(watched.settle_seconds)
    async for batch in changes:
        signs.ready.set()
        if calm.comes_after(changed=bool(batch), now=time.monotonic()):
            signs.changed.set()
        if _identify(list(there)) != there:
            signs.changed.set()
            return


@dataclass(slots=True)
class Calm:
    """Tells when there has been no change for a while after some."""

    seconds: float
    first: float | None = None
    """When the first change was that has not been told of."""
    last: float = 0.0

    def comes_after(self, *, changed: bool, now: float) -> bool:
        """Whether it is time to tell of changes."""
        if changed:
            self.first, self.last = now if self.first is None else self.first, now
        if self.first is None:
            return False
        if now - self.last < self.seconds and now - self.first < max(
            self.seconds, _LONGEST_SECONDS
        ):
            return False
        self.first = None
        return True


def matters(path: str, watched: Watched) -> bool:
    """Whether a change of this path may be one of what is ingested, or of which files are."""
    if Path(path).is_relative_to(watched.home):
        return False
    above = (top for top in watched.tops if Path(path).is_relative_to(top))
    parts = Path(path).relative_to(next(above, "/")).parts
    hidden = [part for part in parts if part.startswith(".")]
    # Of hidden names only lists of what to ignore matter.
    return not hidden or (hidden == list(parts[-1:]) and hidden[0].endswith("ignore"))


def _identify(tops: Sequence[str]) -> dict[str, _Identity]:
    found: dict[str, _Identity] = {}
    for top in tops:
        try:
            status = Path(top).stat()
        except OSError:
            found[top] = None
        else:
            found[top] = (status.st_dev, status.st_ino)
    return found
